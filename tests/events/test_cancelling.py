"""A task ends although Python 3.11's `wait_for` has lost its first cancellation."""

import asyncio

import pytest

from faastraingym.events import cancelling
from faastraingym.events.cancelling import ended


async def test_a_task_that_lost_a_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer and the cancellation come together, as where a run ends while a pulse asks."""
    monkeypatch.setattr(cancelling, "AGAIN_SECONDS", 0.05)
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asked = asyncio.Event()

    async def pulse() -> None:
        asked.set()
        await asyncio.wait_for(answer, 60.0)
        await asyncio.Event().wait()

    task = asyncio.create_task(pulse())
    await asked.wait()
    answer.set_result(None)
    async with asyncio.timeout(5.0):
        await ended(task)
    assert task.cancelled()


async def test_what_a_task_raised_stays_with_it() -> None:
    async def failing() -> None:
        raise ValueError("ours")

    task = asyncio.create_task(failing())
    await asyncio.wait([task])
    await ended(task)
    with pytest.raises(ValueError, match="ours"):
        task.result()


async def test_a_task_that_is_over_and_none_at_all_are_ended() -> None:
    await ended()
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await ended(task)
    assert task.done()
