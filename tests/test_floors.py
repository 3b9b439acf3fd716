"""The house's floors name every package there is, so nothing escapes import-linter."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTER = PROJECT["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}
STAGES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


PACKAGE = ROOT / "faastraingym"
TYPES = "faastraingym -> faastraingym.client.*"
NO_CODE = {"template", "examples", "stack.yml"}  # what is installed beside the code


def test_every_package_has_its_floor() -> None:
    """import-linter itself does not ask this."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", PACKAGE.name}
    floors = {name.strip() for layer in CONTRACTS["floors"]["layers"] for name in layer.split("|")}
    assert {f"{PACKAGE.name}.{name}" for name in packages} == floors


def test_the_package_is_the_repository_linked() -> None:
    """One rule for where code is; nothing is in the package alone (ADR 35)."""
    links = {path.name: path.readlink() for path in PACKAGE.iterdir() if path.is_symlink()}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", PACKAGE.name}
    assert set(links) == packages | NO_CODE
    assert all(str(link) == f"../{name}" for name, link in links.items())
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


def test_every_stage_but_the_learner_is_forbidden_to_import_jax() -> None:
    contract = CONTRACTS["jax"]
    assert "faastraingym.functions.*" in contract["source_modules"]
    learner = "faastraingym.functions.update_policy.** -> **"
    assert contract["ignore_imports"] == [learner, TYPES]


def test_only_types_of_public_names_are_left_out_of_the_floors() -> None:
    """The package's `__init__` is below all floors, and loads what it names when it is used."""
    for contract in CONTRACTS.values():
        assert set(contract.get("ignore_imports", [])) <= {TYPES} or contract["id"] in (
            "jax",
            "remote",
        )


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_a_package_that_the_linter_sees(stage: str) -> None:
    assert (ROOT / "functions" / stage / "__init__.py").is_file()
