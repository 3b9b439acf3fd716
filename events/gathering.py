"""Work on many items, some of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def each(do: Callable[[T], Awaitable[R]], items: Sequence[T], at_once: int) -> list[R]:
    """What `do` gives for each item, in their order; `at_once` of them are worked on together."""
    found: list[R] = []
    for first in range(0, len(items), at_once):
        found += await asyncio.gather(*map(do, items[first : first + at_once]))
    return found
