"""How callers may time a part of a calculation; nothing here reads a clock."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Timed(Protocol):
    """Takes a function and gives one that does the same; its caller's clock runs meanwhile."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """`function`, timed."""


def untimed(function: Callable[P, R], /) -> Callable[P, R]:
    """`function` as it is: nobody wants to know."""
    return function
