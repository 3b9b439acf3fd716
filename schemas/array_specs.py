"""What form an array must have: declared beside the field, checked once when a payload is read.

`Annotated[np.ndarray, Form("<f4", "T+1", "B", "O")]`. A letter is one size wherever it occurs in a
payload; `T+1` is one more than T, `*` any size. Only dtypes and shapes are looked at, never the
elements, so checking costs the same whatever the size.
"""

import functools
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from msgspec import Struct

from faastraingym.schemas.errors import PayloadError


class Form:
    """A dtype and a shape; without dimensions: of any shape."""

    def __init__(self, dtype: str, *dimensions: str) -> None:
        self.dtype = dtype
        self.dimensions = dimensions

    def __str__(self) -> str:
        return f"{self.dtype} [{', '.join(self.dimensions)}]" if self.dimensions else self.dtype

    def sizes(self, array: np.ndarray) -> dict[str, int] | None:
        """What each letter is in `array`; None when it has another dtype, rank or shape."""
        if array.dtype.str != self.dtype:
            return None
        if self.dimensions and array.ndim != len(self.dimensions):
            return None
        found: dict[str, int] = {}
        for dimension, size in zip(self.dimensions, array.shape, strict=False):
            letter, plus, more = dimension.partition("+")
            size -= int(more) if plus else 0
            if size < 0 or (letter != "*" and found.setdefault(letter, size) != size):
                return None
        return found


def check(payload: Struct) -> None:
    """Hold every array of `payload` to its form, and the forms to each other.

    Raises:
        PayloadError: naming the field, what was found and what is allowed.
    """
    known: dict[str, int] = {}
    for path, forms, array in _arrays(payload, ""):
        sizes = next((found for form in forms if (found := form.sizes(array)) is not None), None)
        if sizes is None or any(known.get(letter, size) != size for letter, size in sizes.items()):
            fixed = ", ".join(f"{letter}={size}" for letter, size in known.items())
            raise PayloadError(
                f"{type(payload).__name__}.{path}: found {array.dtype.str} {list(array.shape)}; "
                f"allowed: {' or '.join(map(str, forms))}" + (f" where {fixed}" if fixed else "")
            )
        known |= sizes


def _arrays(payload: Struct, prefix: str) -> Iterator[tuple[str, tuple[Form, ...], np.ndarray]]:
    """Path, forms and value of every array with a declared form, nested structs' included."""
    for name, forms in _declared(type(payload)):
        value, path = getattr(payload, name), f"{prefix}{name}"
        if isinstance(value, Struct):
            yield from _arrays(value, f"{path}.")
        elif isinstance(value, np.ndarray) and forms:
            yield path, forms, value
        elif isinstance(value, list | dict):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in pairs:
                if isinstance(item, Struct):
                    yield from _arrays(item, f"{path}[{key!r:.80}].")
                elif isinstance(item, np.ndarray) and forms:
                    yield f"{path}[{key!r:.80}]", forms, item


@functools.cache
def _declared(kind: type[Struct]) -> list[tuple[str, tuple[Form, ...]]]:
    """The forms of a struct's fields, in order; of a list's or a table's, those of its items."""
    hints = get_type_hints(kind, include_extras=True)
    return [(name, tuple(_forms(hints[name]))) for name in kind.__struct_fields__]


def _forms(hint: Any) -> Iterator[Form]:
    if get_origin(hint) is Annotated:
        yield from (extra for extra in hint.__metadata__ if isinstance(extra, Form))
    for inner in get_args(hint):
        if get_origin(inner) is not None:
            yield from _forms(inner)
