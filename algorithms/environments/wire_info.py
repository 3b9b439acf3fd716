"""What an environment tells in `info`, as far as it has a wire form."""

import math
from typing import Any

import numpy as np

from faastraingym.schemas.arrays import DTYPES

DEEPEST = 8  # levels of lists and tables
_NOTHING = object()


def told(info: Any) -> dict[str, Any]:
    """Arrays, numbers, texts, and lists and tables of them, each a copy; the rest is left out.

    A number of NumPy is an array without axes, and so is a number that JSON has not.
    """
    if not info:  # as of most steps
        return {}
    found = _told(info, 0)
    return found if isinstance(found, dict) else {}


def _told(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | str | bytes):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _array(np.array(value), depth)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _NOTHING
    if isinstance(value, float):
        return value if math.isfinite(value) else np.array(value)
    if depth == DEEPEST:
        return _NOTHING
    if isinstance(value, dict):
        parts = {key: _told(one, depth + 1) for key, one in value.items() if isinstance(key, str)}
        return {key: one for key, one in parts.items() if one is not _NOTHING}
    if isinstance(value, list | tuple):
        items = [_told(one, depth + 1) for one in value]
        return _NOTHING if any(one is _NOTHING for one in items) else items
    return _NOTHING


def _array(array: np.ndarray, depth: int) -> Any:
    if array.dtype.newbyteorder("<").str in DTYPES:
        return array
    return _told(array.tolist(), depth) if array.dtype.kind in "OUS" else _NOTHING
