"""`when`: a dimension that exists only where choices have certain values."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from faastraingym.algorithms.experiments import dimensions
from faastraingym.schemas.experiment import AnyDimension, Choice
from faastraingym.schemas.validation import suggestion

Space = Mapping[str, AnyDimension]


def conditions(dimension: AnyDimension) -> dict[str, list[Any]]:
    """`when`; empty: it always exists."""
    return {} if dimension.when is UNSET else dimension.when


def exists(dimension: AnyDimension, settings: Mapping[str, Any]) -> bool:
    """Whether a configuration with these settings of others has one of this dimension."""
    return all(
        path in settings and dimensions.has(values, settings[path])
        for path, values in conditions(dimension).items()
    )


def order(space: Space) -> list[str]:
    """The paths, as they are declared, but for each after those on which it depends.

    Those of a circle, which `problems` names, are left out.
    """
    ordered: list[str] = []
    waiting = list(space)
    while ready := [path for path in waiting if {*conditions(space[path])} <= {*ordered}]:
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return ordered


def above(space: Space, path: str) -> dict[str, AnyDimension]:
    """The dimensions on which one depends, directly or by way of others."""
    found: dict[str, AnyDimension] = {}
    for other in conditions(space[path]):
        found |= above(space, other) | {other: space[other]}
    return found


def problems(space: Space) -> Iterator[str]:
    """Conditions that name no choice, or values that it never has, and circles of them."""
    unknown = False
    for path, dimension in space.items():
        for other, values in conditions(dimension).items():
            at = f"spec.space.{path}.when.{other}"
            if other not in space:
                unknown = True
                yield f"{at}: no path of this space{suggestion(other, list(space))}"
            else:
                yield from (f"{at}{words}" for words in _never(space[other], values))
    ordered = order(space)
    circle = [path for path in space if path not in ordered]
    if circle and not unknown:
        yield (
            f"spec.space.{circle[0]}.when: depends on itself, by way of {', '.join(circle)}; "
            "leave out one of these conditions"
        )


def _never(other: AnyDimension, values: list[Any]) -> Iterator[str]:
    """Why it has some of these values in no configuration."""
    if not isinstance(other, Choice):
        yield f": is {dimensions.kind(other)}; allowed: the path of a choice"
        return
    if not values:
        yield ": found []; allowed: at least one of its values"
    for i, value in enumerate(values):
        if not dimensions.has(other.values, value):
            allowed = ", ".join(f"{each!r:.40}" for each in other.values)
            yield f"[{i}]: found {value!r:.80}; allowed: {allowed:.300}"
