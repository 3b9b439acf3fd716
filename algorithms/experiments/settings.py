"""The settings of a space, held to the types of a run specification, in its own words."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import conditions, dimensions
from faastraingym.algorithms.experiments.conditions import Space
from faastraingym.algorithms.experiments.space import combinations, overridden
from faastraingym.schemas import validation
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import ExperimentSpec

MAX_SETTINGS = 100
FIXED = {
    "seed": "spec.seeds has those of every configuration",
    "init_from": "spec.run.init_from is the policy with which every run begins",
    "stop.env_steps": "spec.run.stop.env_steps is the budget of every run",
}
TOLD = 3  # configurations that are refused; of the others it is said how many there are
WITH = 100  # ways in which the conditions of one setting are met


def path_problems(space: Space) -> Iterator[str]:
    """Paths that are none, that the experiment sets itself, or that lie one below another."""
    if not 1 <= len(space) <= MAX_SETTINGS:
        yield f"spec.space: found {len(space)} settings; allowed: 1 to {MAX_SETTINGS}"
        return
    for path in space:
        if not validation.DOTTED.fullmatch(path):
            yield f"spec.space: found {path!r:.80}; allowed: paths, as algorithm.learning_rate"
        for fixed, why in FIXED.items():
            if path == fixed or _lies(fixed, path) or _lies(path, fixed):
                yield f"spec.space.{path}: every configuration has the same; {why}"
    for path, other in itertools.permutations(space, 2):
        if _lies(path, other):
            yield f"spec.space.{path}: lies in spec.space.{other}; leave out one of them"


def type_problems(spec: ExperimentSpec) -> Iterator[str]:
    """Settings that no run has, and values that a run specification refuses, each by itself."""
    for path, dimension in spec.space.items():
        met = list(itertools.islice(_met(spec.space, path), WITH))
        if not met:
            yield f"spec.space.{path}.when: no configuration meets it; allowed: what one can meet"
            continue
        found = {
            where: list(dict.fromkeys(_refused(spec.run, met, path, value)))
            for where, value in dimensions.probes(dimension).items()
        }
        if any(refused for where, refused in found.items() if where):
            found.pop("", None)  # the ends of a range say it
        always = set.intersection(*map(set, found.values()))
        yield from (f"spec.space.{path}{words}" for words in sorted(always))
        for where, refused in found.items():
            yield from (
                f"spec.space.{path}{where}{words}" for words in refused if words not in always
            )


def grid_problems(spec: ExperimentSpec) -> Iterator[str]:
    """Configurations that are refused though each of their settings is valid."""
    refused = 0
    for number, settings in enumerate(combinations(spec.space)):
        try:
            registry.parse(overridden(spec.run, settings))
        except SpecificationError as error:
            refused += 1
            if refused <= TOLD:
                listed = ", ".join(f"{path} = {value!r:.40}" for path, value in settings.items())
                told = in_base(error.problems[0])
                yield f"spec.space: configuration {number} ({listed:.300}): {told}"
    if refused > TOLD:
        yield f"spec.space: {refused - TOLD} other configurations are refused, too"


def in_base(problem: str) -> str:
    """A run specification's problem, of the base run."""
    return re.sub(r"\bspec(?=[.:])", "spec.run", problem)


def _met(space: Space, path: str) -> Iterator[dict[str, Any]]:
    """Settings of others with which the dimension exists."""
    found = combinations(conditions.above(space, path))
    return (settings for settings in found if conditions.exists(space[path], settings))


def _refused(
    base: dict[str, Any], met: list[dict[str, Any]], path: str, value: Any
) -> Iterator[str]:
    """What follows the path in the sentences that refuse this value."""
    for others in met:
        try:
            validation.typed(overridden(base, others | {path: value}), registry.specification())
        except SpecificationError as error:
            yield from (_after(path, value, problem) for problem in error.problems)


def _after(path: str, value: Any, problem: str) -> str:
    """A problem's words after the path, if it is about what lies there; else with the value."""
    keys = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)
    for prefix in (f"spec.{keys}", f"spec.space.{path}"):
        rest = problem.removeprefix(prefix)
        if rest != problem and rest[:1] in (".", ":", "["):
            return rest
    about, _, words = problem.removeprefix("spec.").partition(": ")
    if keys.startswith((f"{about}.", f"{about}[")):
        return f": {about}: {words}"
    return f": found {value!r:.80}, with which a run is refused: {in_base(problem)}"


def _lies(path: str, other: str) -> bool:
    """Whether it is a key in the table of the other."""
    return path.startswith(f"{other}.")
