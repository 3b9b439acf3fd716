"""Fixtures for everybody: real servers; and what `make test` leaves out."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.checkout import CHECKOUT
from tests.selection import is_slow, turn

os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts

# What one process compiles, no other compiles again: as a learner's in stack.yml, to share it.
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
os.environ["JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES"] = "none"

pytest_plugins = ["tests.callbacks", "tests.servers", "tests.mlflow_servers"]

# `make test-all` chooses the other. A test has time: on a busy machine an example may take long.
settings.register_profile("all", deadline=None, max_examples=100)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("quick")

SHARED = {"jax": "JAX_COMPILATION_CACHE_DIR", "references": "FTG_TEST_REFERENCES"}


def pytest_configure(config: pytest.Config) -> None:
    """One folder for all processes of these tests: what JAX compiled, what runs come to."""
    if hasattr(config, "workerinput"):
        return  # it is told by its environment
    folder = Path(tempfile.mkdtemp(prefix="ftg-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name, variable in SHARED.items():
        (folder / name).mkdir()
        os.environ[variable] = str(folder / name)


@pytest.fixture(scope="session")
def compiled() -> Path:
    """What has been compiled so far: for the learners of stacks."""
    return Path(os.environ[SHARED["jax"]])


@pytest.fixture(scope="session", autouse=True)
def _one_import_name() -> Iterator[None]:
    """The checkout's folders can be imported beside the package, as second modules: nobody does."""
    yield
    folders = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")} - {
        "tests",
        "faastraingym",
    }
    assert not folders & set(sys.modules)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and let it begin first."""
    for item in items:
        if is_slow(item.nodeid):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: turn(item.nodeid))


@pytest.fixture
def cold_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the windows of another one, whose run has the same name."""
    from faastraingym.functions.update_policy import handler
    from faastraingym.functions.update_policy.warm_windows import WarmWindows

    monkeypatch.setattr(handler, "WINDOWS", WarmWindows(0))
