"""Arrays as callers give them, held to the spaces of the policy that is to act.

Arrays of msgpack have a dtype; those of JSON are lists of numbers. Both are taken by their values:
numbers for floats, whole numbers within the dtype's range for whole ones.
"""

import functools
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.leaves import Leaf, at
from faastraingym.algorithms.environments.observations import of_parts, stored
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.act import MAX_ROWS
from faastraingym.schemas.answers import bad_request

OBSERVATIONS, MASKS, MEMORY = "observations", "action_masks", "memory"
MASK_HOME = f'what info["{masks.KEY}"] has, a row for each observation'


def observations(found: Any, action_masks: Any, info: SpaceInfo) -> tuple[Any, int]:
    """Observations as a trajectory holds them, [B, ...], and B.

    Args:
        found: as the environment gives them, each part with an axis B before.
        action_masks: [B, M], where the environment tells them in `info`; else None.
        info: the spaces of the policy.

    Raises:
        AnswerError: another shape or dtype, a number that is not finite or not in its space, or
            masks that are missing, not known or forbid every action.
    """
    batch: dict[str, np.ndarray] = {}
    for part in info.parts:
        if part.kind == "mask" and info.mask_is_in_info:
            continue
        below = masks.own_path(part.path, info.mask_is_in_info)
        where = _inside(below)
        batch[part.path] = numbers(where, _part(found, below, where), part.dtype, part.shape)
    rows = _rows(batch, info)
    mask = info.mask
    if mask is not None and mask.path not in batch:
        batch[mask.path] = _told(action_masks, mask, rows)
    elif action_masks is not None:
        allowed = f"none: {_inside(mask.path)} has them" if mask else "none: the policy knows none"
        raise bad_request(MASKS, f"found masks; allowed: {allowed}")
    try:
        kept = of_parts(batch, info) if info.leaves else stored(batch[""], info)
    except ValueError as error:  # a choice that is not in its space
        raise bad_request(OBSERVATIONS, str(error)) from error
    if mask is not None and not masks.allows(kept[mask.path], mask).all():
        path = MASKS if info.mask_is_in_info else _inside(mask.path)
        raise bad_request(path, "found a mask that forbids every action; allow at least one")
    return kept, rows


def memory(found: Any, beginning: np.ndarray | None) -> np.ndarray | None:
    """What a recurrent policy remembers, [B, M] float32, a new array; of any other one: None.

    Args:
        found: by the request; None: episodes begin.
        beginning: what it remembers when they do.

    Raises:
        AnswerError: it is of another policy or another batch, or there is none to have.
    """
    if beginning is None:
        if found is not None:
            raise bad_request(MEMORY, "found one; allowed: none, for the policy is not recurrent")
        return None
    if found is None:
        return beginning
    given = numbers(MEMORY, found, "<f4", beginning.shape[1:])
    if len(given) != len(beginning):
        raise bad_request(MEMORY, f"found {len(given)} rows; allowed: {_each(len(beginning))}")
    return given.copy()


def numbers(where: str, found: Any, dtype: str, shape: Sequence[int]) -> np.ndarray:
    """An array [B, *shape] of this dtype.

    Raises:
        AnswerError: it has another shape, or values that are not for the dtype.
    """
    allowed = f"{dtype} [B, {', '.join(map(str, shape))}]" if shape else f"{dtype} [B]"
    array = found if isinstance(found, np.ndarray) else _listed(where, found, dtype, shape, allowed)
    if array.shape[1:] != tuple(shape) or not array.ndim:
        raise bad_request(
            where,
            f"found {array.dtype.str} {list(array.shape)}; allowed: {allowed}, a row for each of B "
            "environments",
        )
    wanted = np.dtype(dtype)
    if array.dtype.kind not in ("iuf" if wanted.kind == "f" else "iub"):
        raise bad_request(where, f"found {array.dtype.str}; allowed: {allowed}")
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(wanted, copy=False)
    is_wrong = ~np.isfinite(cast) if wanted.kind == "f" else cast != array
    if is_wrong.any():
        kind = "finite numbers" if wanted.kind == "f" else "numbers of that dtype"
        raise bad_request(where, f"found {array[is_wrong][0]}; allowed: {allowed}, {kind}")
    return cast


def _listed(where: str, found: Any, dtype: str, shape: Sequence[int], allowed: str) -> np.ndarray:
    """Nested lists as an array. Their types are checked first: NumPy would convert mixed ones."""
    is_float = np.dtype(dtype).kind == "f"
    try:
        lists = msgspec.convert(found, _nested(len(shape) + 1, is_float))
        return np.array(lists, np.float64 if is_float else None)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        what = f"{words[0].lower()}{words[1:]}".replace("`", "")
        raise bad_request(where + place.rstrip("`"), f"{what}; allowed: {allowed}") from error
    except (ValueError, OverflowError) as error:
        raise bad_request(where, f"found lists of several lengths; allowed: {allowed}") from error


@functools.cache
def _nested(depth: int, is_float: bool) -> Any:
    kind: Any = float if is_float else int | bool
    for _ in range(depth):
        kind = list[kind]
    return kind


def _part(found: Any, path: str, where: str) -> Any:
    try:
        return at(found, path)
    except (LookupError, TypeError, ValueError) as error:
        raise bad_request(where, "is missing; give it for each observation") from error


def _rows(batch: dict[str, np.ndarray], info: SpaceInfo) -> int:
    lengths = {part: len(array) for part, array in batch.items()}
    first, rows = next(iter(lengths.items()))
    for part, length in lengths.items():
        if length != rows:
            where, other = (
                _inside(masks.own_path(path, info.mask_is_in_info)) for path in (part, first)
            )
            raise bad_request(where, f"found {length} rows; allowed: {rows}, as {other} has")
    if not 1 <= rows <= MAX_ROWS:
        raise bad_request(OBSERVATIONS, f"found {rows} rows; allowed: 1 to {MAX_ROWS}")
    return rows


def _told(action_masks: Any, mask: Leaf, rows: int) -> np.ndarray:
    if action_masks is None:
        raise bad_request(MASKS, f"is missing; give {MASK_HOME}")
    found = numbers(MASKS, action_masks, mask.dtype, mask.shape)
    if len(found) != rows:
        raise bad_request(MASKS, f"found {len(found)} rows; allowed: {_each(rows)}")
    return found


def _each(rows: int) -> str:
    return f"{rows}, one for each observation"


def _inside(path: str) -> str:
    return f"{OBSERVATIONS}.{path.replace('/', '.')}" if path else OBSERVATIONS
