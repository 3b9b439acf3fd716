"""A store's directory that is gone in mid-run: one pass builds everything again."""

from pathlib import Path

from tests.stack.lost_store import endure
from tests.stack.support import Stack

VERSIONS = 8  # `python -m tests.stack.lost_store --versions 36 127 300` takes its time


async def test_a_store_that_lost_everything_is_built_again(tmp_path: Path, compiled: Path) -> None:
    """The undisturbed bytes, no more restorations than objects, and a run beside it goes on."""
    stack = Stack(tmp_path / "home", FTG_COMPILATION_CACHE=str(compiled), FTG_MAX_ROLLOUTS="2")
    try:
        stack.up()
        told = await endure(stack, VERSIONS, paced=5)
        assert told.objects > 3 * VERSIONS
        assert told.messages <= told.objects
        assert told.retries <= told.objects
    finally:
        stack.down()
