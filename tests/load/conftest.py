"""One stack for all of this folder."""

from collections.abc import Iterator

import pytest

from tests.load.scenarios import running
from tests.stack.support import Stack


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that nothing else uses."""
    cache = str(tmp_path_factory.mktemp("jax"))
    with running(tmp_path_factory.mktemp("load"), FTG_COMPILATION_CACHE=cache) as stack:
        yield stack
