"""The dtype and shape that an array must have: declared beside the field, checked when it is read.

`Annotated[np.ndarray, ArraySpec("<f4", "T+1", "B", "O")]`. A letter is one size wherever it occurs
in a payload; `T+1` is one more than T, `*` any size, a number that size; `...`, at the end, any
further dimensions. The dtype `*` is any. The elements are never looked at.
"""

import functools
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from msgspec import UNSET, Struct

from faastraingym.schemas.errors import PayloadError


class ArraySpec:
    """A dtype and a shape; without dimensions: a scalar."""

    def __init__(self, dtype: str, *dimensions: str | int) -> None:
        self.dtype = dtype
        self.dimensions = dimensions
        self._open = "..." in dimensions
        self._fixed = [_dimension(str(each)) for each in dimensions if each != "..."]

    def __str__(self) -> str:
        return f"{self.dtype} [{', '.join(map(str, self.dimensions))}]"

    def sizes(self, array: np.ndarray) -> dict[str, int] | None:
        """The size of each letter in `array`; None when it has another dtype, rank or shape."""
        shape, fixed = array.shape, len(self._fixed)
        if self.dtype != "*" and self.dtype != array.dtype.str:
            return None
        if len(shape) != fixed and not (self._open and len(shape) > fixed):
            return None
        found: dict[str, int] = {}
        for (letter, added, number), size in zip(self._fixed, shape, strict=False):
            wanted = number if number is not None else found.get(letter, size - added)
            if size - added != wanted or wanted < 0:
                return None
            if letter:
                found[letter] = wanted
        return found


def _dimension(text: str) -> tuple[str, int, int | None]:
    """A letter or none, what is added to its size, and the size where it is a number."""
    letter, _, added = text.partition("+")
    number = int(letter) if letter.isdigit() else None
    return letter if letter.isalpha() else "", int(added or 0), number


ArraySpecs = dict[str, ArraySpec]  # by the array's name
NOTHING: dict[str, int] = {}
_SEVERAL = (list, dict)


def check_array(
    where: str, found: Any, *allowed: ArraySpec, known: dict[str, int] = NOTHING
) -> dict[str, int]:
    """The size of each letter in `found`, an array of one of the allowed specifications.

    Raises:
        PayloadError: it is none, or `known` has another size for a letter.
    """
    sizes = None
    for spec in allowed if isinstance(found, np.ndarray) else ():
        if (sizes := spec.sizes(found)) is not None:
            break
    if sizes is None or sizes | known != known | sizes:  # they differ in a letter's size
        fixed = ", ".join(f"{letter}={size}" for letter, size in known.items())
        raise PayloadError(
            f"{where}: found {_words(found)}; allowed: "
            f"{' or '.join(map(str, allowed)) or 'nothing'}" + (f" where {fixed}" if fixed else "")
        )
    return sizes


def check_named(
    where: str, found: dict[str, np.ndarray], wanted: ArraySpecs, known: dict[str, int] = NOTHING
) -> None:
    """Check that there are arrays of these names, and no others; `known` are sizes of letters.

    Raises:
        PayloadError: naming the first in alphabetical order that is missing or different.
    """
    for name in sorted({*found, *wanted}):
        allowed = (wanted[name],) if name in wanted else ()
        check_array(f"{where}[{name!r:.80}]", found.get(name), *allowed, known=known)


def check(payload: Struct) -> None:
    """Check every array of `payload` by its specification, and all of them by each other.

    Raises:
        PayloadError: naming the field, what was found and what is allowed.
    """
    known: dict[str, int] = {}
    for path, specs, value in _arrays(payload, f"{type(payload).__name__}."):
        known |= check_array(path, value, *specs, known=known)


def _arrays(payload: Struct, prefix: str) -> Iterator[tuple[str, tuple[ArraySpec, ...], Any]]:
    """Path, specs and value of every array with a specification, nested structs' included."""
    for name, specs in _declared(type(payload)):
        value, path = getattr(payload, name), f"{prefix}{name}"
        if value is UNSET:
            continue
        if isinstance(value, Struct):
            yield from _arrays(value, f"{path}.")
        elif isinstance(value, _SEVERAL):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in pairs:
                if isinstance(item, Struct):
                    yield from _arrays(item, f"{path}[{key!r:.80}].")
                elif specs:
                    yield f"{path}[{key!r:.80}]", specs, item
        elif specs:
            yield path, specs, value


def _words(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {list(value.shape)}"
    return "nothing" if value is None else f"a {type(value).__name__}"


@functools.cache
def _declared(kind: type[Struct]) -> list[tuple[str, tuple[ArraySpec, ...]]]:
    """The specifications of a struct's fields, in order; of a list or a table, of its items."""
    hints = get_type_hints(kind, include_extras=True)
    return [(name, tuple(_of(hints[name]))) for name in kind.__struct_fields__]


def _of(hint: Any) -> Iterator[ArraySpec]:
    if get_origin(hint) is Annotated:
        yield from (extra for extra in hint.__metadata__ if isinstance(extra, ArraySpec))
    for inner in get_args(hint):
        if get_origin(inner) is not None:
            yield from _of(inner)
