"""Fields of an OpenEnv action or observation as a space: what its JSON says, and what it must."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from gymnasium import spaces as gymnasiums
from gymnasium.spaces import Space

from faastraingym.algorithms.environments.space_data import ALLOWED, space_of
from faastraingym.remote.errors import RemoteError
from faastraingym.remote.spaces import sent
from faastraingym.schemas import env_step as wire

EXAMPLE = '{"move": {"kind": "Discrete", "n": 2}}'


class Fields:
    """Some fields of a JSON object; `space` is that of the only one, or a Dict of several."""

    def __init__(self, path: str, declared: Any) -> None:
        """`declared` is a table of spaces by field: Gymnasium's own, or as data; `path` names it.

        Raises:
            RemoteError: it is none.
        """
        if not isinstance(declared, Mapping) or not declared:
            raise _refused(path, f"{declared!r:.80}", f"a table of fields, as {EXAMPLE}")
        self._path = path
        parts = {f"{name}": _space(f"{path}.{name}", one) for name, one in declared.items()}
        self._whole = gymnasiums.Dict(parts)
        self._alone = next(iter(parts)) if len(parts) == 1 else None
        self.space: Space[Any] = self._whole if self._alone is None else parts[self._alone]

    def written(self, value: Any) -> dict[str, Any]:
        """The object's fields, as plain data in the dtypes of their spaces.

        Raises:
            RemoteError: the space has no such value.
        """
        table = value if self._alone is None else {self._alone: value}
        try:
            told = _plain(sent(self._whole, table, axes=0))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise _refused(self._path, f"{value!r:.80}", f"{self.space}"[:160]) from error
        found: dict[str, Any] = _plain(sent(self._whole, _value(self._whole, told, self._path), 0))
        return found

    def read(self, table: Any) -> Any:
        """The space's value out of an object, whose other fields do not count.

        Raises:
            RemoteError: a field is absent, or holds what its space has not.
        """
        found = _value(self._whole, table, self._path)
        return found if self._alone is None else found[self._alone]


def _space(path: str, declared: Any) -> Space[Any]:
    if isinstance(declared, Space):
        return declared
    try:
        return space_of(msgspec.convert(declared, wire.Space))
    except Exception as error:  # the boundary: NumPy and Gymnasium raise anything
        said = " ".join(f"{error}".split())
        raise _refused(path, f"{declared!r:.80} ({said:.160})", ALLOWED) from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value.tolist()


def _value(space: Space[Any], raw: Any, path: str) -> Any:
    if isinstance(space, gymnasiums.Dict):
        absent = [name for name in space.spaces if not isinstance(raw, dict) or name not in raw]
        if absent:
            there = ", ".join(raw) if isinstance(raw, dict) else f"{raw!r}"
            raise _refused(path, f"{there:.80}", f"an object with {', '.join(absent)}")
        return {name: _value(part, raw[name], f"{path}.{name}") for name, part in space.items()}
    if isinstance(space, gymnasiums.Tuple):
        if not isinstance(raw, list) or len(raw) != len(space.spaces):
            raise _refused(path, f"{raw!r:.80}", f"a list of {len(space.spaces)}")
        parts = enumerate(zip(space.spaces, raw, strict=True))
        return tuple(_value(part, one, f"{path}[{i}]") for i, (part, one) in parts)
    found = _member(space, raw)
    if found is None:
        raise _refused(path, f"{raw!r:.80}", f"{space}"[:160])
    return found


def _member(space: Space[Any], raw: Any) -> Any:
    """Of a space that is one array or number, in its dtype; None: it does not fit."""
    try:
        told = np.asarray(raw)
        with np.errstate(over="ignore"):  # it is infinite then
            found = told.astype(space.dtype)
    except (ValueError, TypeError, OverflowError):
        return None
    if told.dtype.kind not in "biuf" or found.shape != space.shape:
        return None
    member = found[()] if isinstance(space, gymnasiums.Discrete) else found
    if found.dtype.kind == "f":  # which alone may round
        return member if np.isfinite(found).all() else None  # JSON has no other
    return member if (found == told).all() and space.contains(member) else None


def _refused(path: str, found: str, allowed: str) -> RemoteError:
    return RemoteError("bad-request", path, f"{path}: found {found}; allowed: {allowed}")
