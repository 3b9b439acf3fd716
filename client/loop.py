"""Asynchronous code for callers that have no event loop, or a busy one, as a notebook's."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from faastraingym.events.cancelling import ended

T = TypeVar("T")


@contextmanager
def running() -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """What runs a coroutine to its end in an event loop of another thread.

    Ctrl-C, and any other end of this context, cancels what still runs there and waits for it.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="faastraingym", daemon=True)
    thread.start()

    def call(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    try:
        yield call
    finally:
        asyncio.run_coroutine_threadsafe(_wind_down(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result."""
    with running() as call:
        return call(work)


def iterate(items: AsyncGenerator[T, None]) -> Iterator[T]:
    """The generator's items, each as it comes; the generator is closed at the end."""
    end = object()

    async def following() -> Any:
        return await anext(items, end)

    with running() as call:
        try:
            while (item := call(following())) is not end:
                yield item
        finally:
            call(items.aclose())


async def _wind_down() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await ended(*others)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.get_running_loop().shutdown_default_executor()
