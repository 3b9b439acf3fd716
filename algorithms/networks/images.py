"""Where an image has its height, its width and its channels."""

from math import prod
from typing import Literal

Channels = Literal["first", "last"]
CHANNELS = (1, 3, 4)  # grey, RGB, and RGB with depth or four frames


def axes(shape: tuple[int, ...], channels: Channels | None = None) -> tuple[int, ...] | None:
    """The axes of height and width, then all of channels; frames before them are channels, too.

    None: the axis of channels was neither given nor found.
    """
    if len(shape) == 2:
        return (0, 1)
    before = len(shape) - 3
    where = channels or found(shape[before:])
    if where is None:
        return None
    own = (1, 2, 0) if where == "first" else (0, 1, 2)
    height, width, depth = (before + axis for axis in own)
    return (height, width, *range(before), depth)


def found(shape: tuple[int, ...]) -> Channels | None:
    """Where the channels of an image of three axes are, as far as its shape tells.

    They are beside two equal axes; else they are 1, 3 or 4; else far fewer than pixels.
    """
    first, middle, last = shape
    signs = (
        (middle == last, first == middle),
        (first in CHANNELS, last in CHANNELS),
        (2 * first <= min(middle, last), 2 * last <= min(first, middle)),
    )
    for is_first, is_last in signs:
        if is_first != is_last:
            return "first" if is_first else "last"
    return None


def size(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and channels."""
    height, width, *channels = (shape[axis] for axis in order)
    return height, width, prod(channels)
