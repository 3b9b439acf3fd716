"""`make test-all` builds the programs of others beside its first tests: these wait for them."""

import fcntl

import pytest

from tests.conformance import tools


@pytest.fixture(scope="session", autouse=True)
def _tools_are_built() -> None:
    with tools.alone(fcntl.LOCK_SH):
        pass
