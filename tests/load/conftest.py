"""One stack for all of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.scenarios import running
from tests.stack.support import Stack


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack that nothing else uses."""
    home = tmp_path_factory.mktemp("load")
    with running(home, FTG_COMPILATION_CACHE=str(compiled)) as stack:
        yield stack
