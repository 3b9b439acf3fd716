"""What `import faastraingym` gives, and what it costs."""

import ast
import subprocess
import sys

import pytest

import faastraingym
from tests.checkout import CHECKOUT

HEAVY = {"jax", "matplotlib", "aiohttp", "gymnasium", "numpy", "msgspec", "rich", "nats", "minio"}


def imported(code: str) -> set[str]:
    """The top names of what a new interpreter imports for `code`."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines()}


def test_importing_it_imports_nothing_heavy() -> None:
    assert not imported("import faastraingym") & HEAVY


def test_no_public_name_needs_jax_or_draws() -> None:
    code = "from faastraingym import *"
    assert not imported(code) & {"jax", "jaxlib", "flax", "optax", "matplotlib", "aiohttp"}


def test_types_and_values_have_the_same_names() -> None:
    """A type checker sees each name of the table, under the module from which it is loaded."""
    tree = ast.parse((CHECKOUT / "faastraingym" / "__init__.py").read_text())
    found = {
        node.names[0].asname: str(node.module).rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("faastraingym.client.")
    }
    assert found == faastraingym._MODULES
    assert (CHECKOUT / "faastraingym" / "py.typed").exists()


@pytest.mark.parametrize("name", faastraingym.__all__)
def test_every_name_is_there_and_is_documented(name: str) -> None:
    assert getattr(faastraingym, name).__doc__
    assert name in dir(faastraingym)


def test_another_name_is_refused_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'tarin'"):
        faastraingym.tarin  # noqa: B018
