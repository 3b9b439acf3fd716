"""Gymnasium's spaces as data, and back: what env-step tells of an environment."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces

from faastraingym.schemas import env_step as wire

ALLOWED = "Box, Discrete, MultiDiscrete, MultiBinary, and Tuple and Dict of these"


def described(space: Any) -> wire.Space:
    """A space as data.

    Raises:
        ValueError: it is of another kind, or no space.
    """
    if isinstance(space, spaces.Box):
        return wire.Box(
            low=_bound(space.low),
            high=_bound(space.high),
            shape=list(space.shape),
            dtype=str(space.dtype),
        )
    if isinstance(space, spaces.Discrete):
        return wire.Discrete(n=int(space.n), start=int(space.start), dtype=str(space.dtype))
    if isinstance(space, spaces.MultiDiscrete):
        nvec, start = space.nvec.tolist(), space.start.tolist()
        return wire.MultiDiscrete(nvec=nvec, start=start, dtype=str(space.dtype))
    if isinstance(space, spaces.MultiBinary):
        return wire.MultiBinary(shape=list(space.shape))
    if isinstance(space, spaces.Tuple):
        return wire.Tuple(spaces=[described(part) for part in space.spaces])
    if isinstance(space, spaces.Dict) and all(isinstance(name, str) for name in space.spaces):
        return wire.Dict(spaces={name: described(part) for name, part in space.spaces.items()})
    raise ValueError(f"found {space!s:.80}; allowed: {ALLOWED}")


def space_of(data: wire.Space) -> spaces.Space[Any]:
    """The space that `described` was given."""
    if isinstance(data, wire.Box):
        dtype: Any = np.dtype(data.dtype)
        low, high = _bounds(data.low, data, -np.inf), _bounds(data.high, data, np.inf)
        return spaces.Box(low, high, tuple(data.shape), dtype.type)
    if isinstance(data, wire.Discrete):
        return spaces.Discrete(data.n, start=data.start, dtype=np.dtype(data.dtype).type)
    if isinstance(data, wire.MultiDiscrete):
        kind: Any = np.dtype(data.dtype).type
        nvec = np.array(data.nvec, kind)
        start = np.broadcast_to(np.array(data.start, kind), nvec.shape).copy()
        return spaces.MultiDiscrete(nvec, dtype=kind, start=start)
    if isinstance(data, wire.MultiBinary):
        return spaces.MultiBinary(data.shape[0] if len(data.shape) == 1 else data.shape)
    if isinstance(data, wire.Tuple):
        return spaces.Tuple([space_of(part) for part in data.spaces])
    # Gymnasium sorts the names of any other mapping
    return spaces.Dict(OrderedDict((name, space_of(part)) for name, part in data.spaces.items()))


def leaves(space: spaces.Space[Any]) -> Iterator[spaces.Space[Any]]:
    """The parts of a space that are arrays, in the order of its own."""
    if isinstance(space, spaces.Tuple | spaces.Dict):
        parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
        for part in parts:
            yield from leaves(part)
    else:
        yield space


def nbytes(space: spaces.Space[Any]) -> int:
    """Bytes of one value as arrays."""
    return sum(
        int(np.prod(leaf.shape or (), dtype=np.int64)) * np.dtype(leaf.dtype).itemsize
        for leaf in leaves(space)
    )


def _bound(values: np.ndarray) -> Any:
    """One number where all elements have it, else nested lists; None is unbounded."""
    first = values.flat[0] if values.size else values.dtype.type(0)
    if (values == first).all():
        return None if np.isinf(first) else first.item()
    told = values.astype(object)
    told[np.isinf(values)] = None
    return told.tolist()


def _bounds(bound: Any, box: wire.Box, infinite: float) -> np.ndarray:
    """The inverse: an array of the box's shape."""
    values = np.array(bound, object)
    nothing: Any = None
    values[values == nothing] = infinite
    return np.broadcast_to(values.astype(box.dtype), box.shape).copy()
