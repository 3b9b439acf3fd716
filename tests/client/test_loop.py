"""Asynchronous code for callers without an event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from faastraingym.client import loop


class Endless:
    """Work that ends only when it is cancelled."""

    def __init__(self) -> None:
        self.begun, self.cancelled = False, False

    async def wait(self) -> None:
        self.begun = True
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def begin(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self.wait())
        await asyncio.sleep(0)
        return task


def test_what_is_left_is_cancelled_and_awaited() -> None:
    """As after Ctrl-C: no thread and no task outlives the call."""
    work, before = Endless(), threading.active_count()
    with loop.running() as call:
        call(work.begin())
        assert (work.begun, work.cancelled) == (True, False)
    assert work.cancelled
    assert threading.active_count() == before


def test_errors_are_the_callers() -> None:
    async def broken() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        loop.run(broken())


def test_a_generator_is_closed_by_who_reads_no_further() -> None:
    closed = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(9):
                yield number
        finally:
            closed.append(True)

    assert list(loop.iterate(numbers())) == list(range(9))
    items = loop.iterate(numbers())
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert closed == [True, True]
