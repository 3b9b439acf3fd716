"""A server of env-step's protocol."""

from collections.abc import Iterator

import pytest

from tests.remote.local_server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as function:
        yield function
