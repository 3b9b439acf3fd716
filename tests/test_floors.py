"""The house's floors name every package there is, so nothing escapes import-linter."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTER = PROJECT["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}
STAGES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def test_every_package_has_its_floor() -> None:
    """import-linter itself cannot ask this of several root packages."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    layers = {name.strip() for layer in CONTRACTS["floors"]["layers"] for name in layer.split("|")}
    installed = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert packages == layers == set(LINTER["root_packages"]) == installed


def test_every_stage_but_the_learner_is_forbidden_to_import_jax() -> None:
    forbidden = {
        name for name in CONTRACTS["jax"]["source_modules"] if name.startswith("functions.")
    }
    assert forbidden == {f"functions.{stage}" for stage in STAGES} - {"functions.update_policy"}


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_a_package_that_the_linter_sees(stage: str) -> None:
    assert (ROOT / "functions" / stage / "__init__.py").is_file()
