"""A function's requirements.txt names what its code imports, wherever it does; and nothing else."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import CHECKOUT

FUNCTIONS = sorted(path.parent.name for path in CHECKOUT.glob("functions/*/handler.py"))
# It names an uploaded file's run by the file's bytes; that start-run reads the file.
NOT_CALLED = {"reconcile": {"pyyaml"}}
# What algorithms/registry.py loads by its name, of every algorithm.
LOADED_BY_NAME = {"rollout": "acting", "evaluate": "acting", "update_policy": "learner"}
# What algorithms/experiments/studies.py imports by its name, once a sampler is asked.
SAMPLERS = {"plan_experiment": {"optuna", "cmaes"}}
LISTING = """
import asyncio, importlib, sys
sys.modules["minio"] = sys.modules["urllib3"] = None  # an import fails, as in an image
from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.settings import Login
for name in sys.argv[1:]:
    importlib.import_module(f"faastraingym.functions.{name}.handler")
store = S3ObjectStore("http://127.0.0.1:1", "bucket", Login("user", "password"))
for list_ in (store.keys, store.listed, store.folders):
    try:
        asyncio.run(list_("runs/r/"))
    except Unavailable as error:
        print(error)
"""


def names(tree: ast.AST) -> Iterator[str]:
    """What an import anywhere in it may name, and what is run as a program of its own."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue  # what only type checkers see
            case ast.Import(names=found):
                yield from (alias.name for alias in found)
            case ast.ImportFrom(module=str(module), level=0, names=found):
                yield from (module, *(f"{module}.{alias.name}" for alias in found))
            case ast.Constant(value=str(text)) if text.startswith("faastraingym."):
                yield text
        yield from names(node)


@functools.cache
def imported(file: Path) -> tuple[str, ...]:
    return tuple(names(ast.parse(file.read_text())))


def reached(function: str) -> set[str]:
    """The top-level modules of others that a function's code, and ours that it imports, import."""
    seen: set[Path] = set()
    waiting = list((CHECKOUT / "functions" / function).glob("*.py"))
    waiting += CHECKOUT.glob(f"algorithms/*/{LOADED_BY_NAME.get(function, 'specification')}.py")
    others: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported(file):
            root, _, rest = name.partition(".")
            place = CHECKOUT / rest.replace(".", "/")
            if root == "faastraingym":
                files = (place.with_suffix(".py"), place / "__init__.py")
                waiting += [found for found in files if rest and found.is_file()]
            elif root not in sys.stdlib_module_names:
                others.add(root)
    return others


def required(file: Path) -> set[str]:
    """The distributions that a requirements.txt names."""
    return {canonicalize_name(Requirement(line).name) for line in file.read_text().split()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_requires_what_it_imports(function: str) -> None:
    """In a function's body too: what is imported first when an object is lost is missed last."""
    owners = packages_distributions()
    used = {canonicalize_name(owner) for module in reached(function) for owner in owners[module]}
    used |= SAMPLERS.get(function, set())
    template = required(CHECKOUT / "template" / "python3-faastrain" / "requirements.txt")
    own = required(CHECKOUT / "functions" / function / "requirements.txt")
    assert own == used - template - NOT_CALLED.get(function, set())


def test_no_function_needs_minio_to_list() -> None:
    """Every stage lists when an object is lost; it then asks the store, whatever is installed."""
    command = [sys.executable, "-c", LISTING, *FUNCTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("127.0.0.1:1: list bucket/runs/r/") == 3
