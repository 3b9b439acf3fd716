"""A broker and a store that are away for a while cost a run nothing but the time."""

from pathlib import Path

from tests.stack.outage import endure
from tests.stack.support import Stack

SECONDS = 4.0  # `python -m tests.stack.outage --seconds 60` takes its time


async def test_outages_cost_time_only(battered: Stack, away: Path) -> None:
    """Stopped, and killed and kept from coming back: the same bytes, and followed to the end."""
    await endure(battered, away, "outages", SECONDS)
