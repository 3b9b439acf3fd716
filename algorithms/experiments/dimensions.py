"""One dimension: what it can hold, and what is wrong with it by itself."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from faastraingym.schemas.experiment import AnyDimension, Choice, Integer, LogUniform, Uniform
from faastraingym.schemas.specification import Section

EXACT = 2**53  # up to here a whole number is a float, too, as samplers calculate
WITHIN = 0.381966  # of a range: where a draw is that is no whole number


def kind(section: Section) -> str:
    """The name of what a dimension, a sampler or a scheduler is."""
    return str(type(section).__struct_config__.tag)


def probes(dimension: AnyDimension) -> dict[str, Any]:
    """Values by which a setting's type tells whether it takes them all, by where they stand."""
    if isinstance(dimension, Choice):
        return {f".values[{i}]": value for i, value in enumerate(dimension.values)}
    low, high = dimension.low, dimension.high
    ends = {".low": low, ".high": high}
    if isinstance(dimension, Integer) or low == high:
        return ends
    return ends | {"": low + WITHIN * (high - low)}


def last(dimension: Integer) -> int:
    """The greatest number that is a multiple of `step` above `low`."""
    return dimension.high - (dimension.high - dimension.low) % dimension.step


def has(values: list[Any], value: Any) -> bool:
    """Whether it is one of these."""
    return identity(value) in set(map(identity, values))


def identity(value: Any) -> bytes:
    """The same for values that are the same setting, as 1 and 1.0; true is not 1."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value).encode()
    is_whole = isinstance(value, float) and value.is_integer()
    return msgspec.json.encode(int(value) if is_whole else value, order="sorted")


def problems(dimension: AnyDimension) -> Iterator[str]:
    """Sentences that begin below the dimension's path."""
    match dimension:
        case Choice(values=values):
            yield from _twice(values)
        case Integer():
            yield from _beyond(dimension)
            yield from _misshapen(dimension)
        case Uniform() | LogUniform():
            if dimension.low > dimension.high:
                yield _above(dimension)
            elif not math.isfinite(dimension.high - dimension.low):
                yield f".high: found {dimension.high:g}; allowed: less than 1.8e308 above low"


def _twice(values: list[Any]) -> Iterator[str]:
    known: dict[bytes, int] = {}
    for i, value in enumerate(values):
        before = known.setdefault(identity(value), i)
        if before != i:
            yield f".values[{i}]: found {value!r:.80}, which values[{before}] is; write it once"


def _beyond(dimension: Integer) -> Iterator[str]:
    for name, value in (("low", dimension.low), ("high", dimension.high)):
        if abs(value) > EXACT:
            yield f".{name}: found {value}; allowed: an integer from {-EXACT} to {EXACT}"


def _misshapen(dimension: Integer) -> Iterator[str]:
    if dimension.low > dimension.high:
        yield _above(dimension)
    if dimension.log and dimension.low < 1:
        yield f".low: found {dimension.low}; allowed: at least 1, where log is true"
    if dimension.log and dimension.step != 1:
        yield f".step: found {dimension.step}; allowed: 1, where log is true"


def _above(dimension: Uniform | LogUniform | Integer) -> str:
    return f".low: found {dimension.low:g}; allowed: at most high, which is {dimension.high:g}"
