"""When the clock ticks: often while a run is active, rarely while none is."""

import asyncio
from datetime import UTC, datetime

import pytest

from faastraingym.events.topology.stack_file import Function, StackError
from faastraingym.events.triggers import cron
from tests.test_loop import STACK

NOW = datetime(2026, 11, 28, 21, 3, 30, tzinfo=UTC)


def test_a_function_is_due_by_its_schedule() -> None:
    assert cron.next_tick("f", "* * * * *", NOW) == NOW.replace(minute=4, second=0)
    assert cron.next_tick("f", "*/5 * * * *", NOW) == NOW.replace(minute=5, second=0)
    with pytest.raises(StackError, match=r"function f: schedule 'often' is not a cron expression"):
        cron.next_tick("f", "often", NOW)


@pytest.mark.parametrize("busy", [True, False])
async def test_each_schedule_has_its_own_time(busy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One while a run is active, the other while none is: never both."""
    said = [True, False, False]
    ticked: list[str] = []
    monkeypatch.setattr(cron, "next_tick", lambda *known: known[-1])  # due at once

    async def tick(function: Function) -> None:
        ticked.append(function.name)

    async def is_active() -> bool:
        if not said:
            raise asyncio.CancelledError
        return said.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await cron._clock(Function(name="reconcile"), "* * * * *", tick, is_active, busy)
    assert len(ticked) == (1 if busy else 2)


def test_the_inbox_is_looked_into_while_nothing_runs() -> None:
    (reconcile,) = (function for function in STACK if function.schedule)
    assert (reconcile.schedule, reconcile.idle_schedule) == ("* * * * *", "*/5 * * * *")
