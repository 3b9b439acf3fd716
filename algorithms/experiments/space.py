"""The configurations of a space, and the base run with one of them."""

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faastraingym.algorithms.experiments import conditions
from faastraingym.algorithms.experiments.conditions import Space
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import Choice, ExperimentSpec, Grid, Sampled

MOST = 10_000  # configurations


def overridden(base: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a raw run specification with settings by their paths; `reward.0.low` is a list's.

    Raises:
        SpecificationError: a path leads through what is no table, or no element of a list.
    """
    changed = copy.deepcopy(base)
    for path, value in settings.items():
        *above, name = path.split(".")
        table: Any = changed
        for key in above:
            table = _below(table, key, path)
        _put(table, name, value, path)
    return changed


def grid(spec: ExperimentSpec) -> list[dict[str, Any]]:
    """Every combination of choices, of a specification without problems."""
    return list(combinations(spec.space))


def trials(spec: ExperimentSpec) -> int:
    """Configurations in all, of a specification without problems."""
    match spec.sampler:
        case Grid():
            return len(grid(spec))
        case Sampled(trials=found):
            return found


def combinations(space: Space) -> Iterator[dict[str, Any]]:
    """Those of choices, MOST + 1 at most; a dimension that does not exist has no setting."""
    return itertools.islice(_combined(space, conditions.order(space), {}), MOST + 1)


def _combined(
    space: Space, paths: Sequence[str], settings: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if not paths:
        yield settings
        return
    dimension, rest = space[paths[0]], paths[1:]
    if not conditions.exists(dimension, settings):
        yield from _combined(space, rest, settings)
    elif isinstance(dimension, Choice):
        for value in dimension.values:
            yield from _combined(space, rest, settings | {paths[0]: value})


def _below(table: Any, key: str, path: str) -> Any:
    """The table or list under `key`; a table that is missing is made."""
    if isinstance(table, dict):
        return table.setdefault(key, {})
    return table[_index(table, key, path)]


def _put(table: Any, key: str, value: Any, path: str) -> None:
    if isinstance(table, dict):
        table[key] = value
    else:
        table[_index(table, key, path)] = value


def _index(found: Any, key: str, path: str) -> int:
    if not isinstance(found, list):
        raise SpecificationError([f"spec.space.{path}: {key} would lie in {found!r:.80}, no table"])
    indices = map(str, range(len(found)))
    if key not in indices:  # 00 is none: it would be another path of the same setting
        allowed = f"an index below {len(found)}" if found else "none, for the list is empty"
        raise SpecificationError([f"spec.space.{path}: found {key} in a list; allowed: {allowed}"])
    return int(key)
