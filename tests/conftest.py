"""Fixtures for everybody: real servers; and what `make test` leaves out."""

import os

import pytest
from hypothesis import settings

from tests.selection import is_slow, turn

os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts

pytest_plugins = ["tests.callbacks", "tests.servers"]

# `make test-all` chooses the other. A test has time: on a busy machine an example may take long.
settings.register_profile("all", deadline=None, max_examples=100)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("quick")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and let it begin first."""
    for item in items:
        if is_slow(item.nodeid):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: turn(item.nodeid))
