"""Load, in short: `python -m tests.load` plays the same scenarios at full size."""

import pytest

from tests.load.scenarios import SCENARIOS, missed, play
from tests.load.sizes import SHORT
from tests.stack.support import Stack


@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_is_lost_under_load(name: str, loaded: Stack) -> None:
    """Nor said twice, given up, overtaken by a crowd, or kept in memory."""
    assert missed(await play(name, loaded, SHORT)) == []
