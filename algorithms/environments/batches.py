"""Values of a space side by side: one array for each of its parts, as env-step tells them.

Of a Box, Discrete, MultiDiscrete or MultiBinary a batch is one array; of a Tuple a list of batches,
of a Dict a table of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces

from faastraingym.algorithms.environments.space_data import leaves
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import DTYPES

Space: TypeAlias = spaces.Space[Any]


def stacked(values: Sequence[Any], space: Space, cast: bool) -> Any:
    """A batch [N, ...] of N values.

    Args:
        values: as an environment gave them; they are copied.
        space: what they are of.
        cast: to the dtypes of the space, as vector environments do; else they keep their own.

    Raises:
        ValueError: they are not of one shape, or of a dtype that has no wire form.
    """
    if isinstance(space, spaces.Dict):
        return {
            name: stacked([value[name] for value in values], part, cast)
            for name, part in space.spaces.items()
        }
    if isinstance(space, spaces.Tuple):
        return [
            stacked([value[i] for value in values], part, cast)
            for i, part in enumerate(space.spaces)
        ]
    whole = (len(values), *(space.shape or ()))
    batch = np.array(values) if values else np.empty(whole, space.dtype)
    if cast:
        if batch.shape != whole:
            raise ValueError(f"observations of shape {batch.shape}; allowed: {whole}")
        return batch.astype(space.dtype, casting="same_kind", copy=False)
    if batch.dtype.newbyteorder("<").str not in DTYPES:
        raise ValueError(f"an observation of {batch.dtype}; allowed: {', '.join(sorted(DTYPES))}")
    return batch


def over_time(batches: Sequence[Any]) -> Any:
    """A batch [T, N, ...] of T batches of one space."""
    first = batches[0]
    if isinstance(first, dict):
        return {name: over_time([batch[name] for batch in batches]) for name in first}
    if isinstance(first, list):
        return [over_time([batch[i] for batch in batches]) for i in range(len(first))]
    return np.stack(batches) if len(batches) > 1 else first[None]


def nbytes(batch: Any) -> int:
    """The bytes of a batch's arrays."""
    if isinstance(batch, np.ndarray):
        return batch.nbytes
    return sum(map(nbytes, batch.values() if isinstance(batch, dict) else batch))


class Actions:
    """Actions [T, B, ...] of a request, checked; and each as bytes, for an episode's log."""

    def __init__(self, raw: Any, space: Space, num_envs: int) -> None:
        """Check actions.

        Raises:
            AnswerError: bad-request: other actions than [T >= 1, num_envs, ...] of the space.
        """
        parts: list[np.ndarray] = []
        _check(raw, space, num_envs, "actions", parts)
        self.steps = parts[0].shape[0] if parts else 0
        if any(len(part) != self.steps for part in parts):
            raise AnswerError(
                "bad-request", "actions", "actions: its parts are of different numbers of steps"
            )
        if not self.steps:
            raise AnswerError("bad-request", "actions", "actions: found no steps; allowed: T >= 1")
        self._parts, self._space = parts, space
        rows = [_coded(part, leaf) for part, leaf in zip(parts, leaves(space), strict=True)]
        self._rows = np.concatenate(rows, axis=2) if len(rows) > 1 else rows[0]

    def at(self, step: int) -> list[Any]:
        """The actions of a step, [B], each of its own memory."""
        if isinstance(self._space, spaces.Tuple | spaces.Dict):
            rows = zip(*(part[step] for part in self._parts), strict=True)
            return [_assembled(self._space, iter(row)) for row in rows]
        return [*self._parts[0][step].copy()]

    def row(self, step: int, place: int) -> bytes:
        """The same as bytes; as many for every action of the space."""
        row: bytes = self._rows[step, place].tobytes()
        return row


def decoder(space: Space) -> tuple[int, Callable[[bytes], list[Any]]]:
    """How many bytes an action is in a log, and what decodes a log of them."""
    parts = list(leaves(space))
    codes = [(_code(leaf), tuple(leaf.shape or ())) for leaf in parts]
    widths = [dtype.itemsize * math.prod(shape) for dtype, shape in codes]
    width = sum(widths)

    def decode(log: bytes) -> list[Any]:
        rows, columns, start = np.frombuffer(log, np.uint8).reshape(-1, width), [], 0
        for leaf, (dtype, shape), size in zip(parts, codes, widths, strict=True):
            part = np.ascontiguousarray(rows[:, start : start + size]).view(dtype)
            columns.append(_decoded(part.reshape(-1, *shape), leaf))
            start += size
        return [
            _assembled(space, iter([column[i] for column in columns])) for i in range(len(rows))
        ]

    return width, decode


def _assembled(space: Space, parts: Any) -> Any:
    """A value of the space, as its own samples are, of the next parts: a copy."""
    if isinstance(space, spaces.Dict):
        return {name: _assembled(part, parts) for name, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_assembled(part, parts) for part in space.spaces)
    part = next(parts)
    return part.copy() if isinstance(part, np.ndarray) else part


def _check(raw: Any, space: Space, num_envs: int, path: str, found: list[np.ndarray]) -> None:
    """Collect the arrays of `raw`, in the order of the space's leaves."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        is_dict = isinstance(space, spaces.Dict)
        names: Any = list(space.spaces) if is_dict else list(range(len(space.spaces)))
        there = raw.keys() if isinstance(raw, Mapping) else range(len(_sequence(raw)))
        if isinstance(raw, Mapping) != is_dict or {*there} != {*names}:
            raise _misfit(path, raw, f"parts {', '.join(map(str, names))}")
        for name in names:
            where = f"{path}.{name}" if is_dict else f"{path}[{name}]"
            _check(raw[name], space[name], num_envs, where, found)
        return
    found.append(_array(raw, space, num_envs, path))


def _sequence(raw: Any) -> Sequence[Any]:
    return raw if isinstance(raw, list | tuple) else ()


def _array(raw: Any, space: Space, num_envs: int, path: str) -> np.ndarray:
    """The array of a leaf, [T, B, ...] of its dtype."""
    shape = tuple(space.shape or ())
    try:
        array = np.asarray(raw)
    except (ValueError, TypeError, OverflowError):  # ragged, or of what is no number
        array = np.empty(0, object)
    allowed = f"[T, {', '.join(map(str, (num_envs, *shape)))}] of {space}"
    wanted = "fiub" if isinstance(space, spaces.Box) and space.dtype.kind == "f" else "iub"
    if array.dtype.kind not in wanted or array.ndim < 1 or array.shape[1:] != (num_envs, *shape):
        raise _misfit(path, array if array.dtype != object else raw, allowed)
    low, high = _range(space)
    outside = (array < low) | (array > high) if low is not None else np.zeros(1, bool)
    if outside.any():
        value = array[outside].flat[0]
        raise AnswerError("bad-request", path, f"{path}: found {value}; allowed: {space}")
    with np.errstate(over="ignore"):
        taken = array.astype(space.dtype, copy=False)
    if taken.dtype.kind == "f" and not np.isfinite(taken).all():
        raise AnswerError(
            "bad-request", path, f"{path}: found NaN or an infinity; allowed: numbers of {space}"
        )
    return taken


def _range(space: Space) -> tuple[Any, Any]:
    """The least and the greatest of a space of choices; of a Box what its dtype holds."""
    if isinstance(space, spaces.Discrete):
        return space.start, space.start + space.n - 1
    if isinstance(space, spaces.MultiDiscrete):
        return space.start, space.start + space.nvec - 1
    if isinstance(space, spaces.MultiBinary):
        return 0, 1
    kind: Any = space.dtype
    if kind.kind == "f":
        return None, None
    return (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)


def _misfit(path: str, raw: Any, allowed: str) -> AnswerError:
    found = f"{raw.dtype} {list(raw.shape)}" if isinstance(raw, np.ndarray) else f"{raw!r:.80}"
    return AnswerError("bad-request", path, f"{path}: found {found}; allowed: {allowed}")


def _code(space: Space) -> np.dtype[Any]:
    """The dtype of an action in a log: the smallest that has all choices."""
    if isinstance(space, spaces.Discrete):
        return np.dtype(np.min_scalar_type(int(space.n) - 1))
    if isinstance(space, spaces.MultiDiscrete):
        return np.dtype(np.min_scalar_type(int(space.nvec.max(initial=1)) - 1))
    kept: np.dtype[Any] = np.dtype(space.dtype)
    return kept


def _coded(part: np.ndarray, space: Space) -> np.ndarray:
    """Actions [T, B, ...] as bytes [T, B, W]."""
    start = space.start if isinstance(space, spaces.Discrete | spaces.MultiDiscrete) else None
    coded = (part if start is None else part - start).astype(_code(space), copy=False)
    flat = np.ascontiguousarray(coded.reshape(*part.shape[:2], -1))
    return flat.view(np.uint8)


def _decoded(part: np.ndarray, space: Space) -> np.ndarray:
    """The inverse of `_coded`, [N, ...]."""
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return np.asarray(part.astype(space.dtype) + space.start, space.dtype)
    return part
