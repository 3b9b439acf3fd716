"""An experiment's specification is checked before anything starts: its space, and environments.

The runs of it are checked by start-run, each by itself, in the same words.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import (
    conditions,
    feasibility,
    sampling,
    space,
    specification,
)
from faastraingym.algorithms.experiments.sampling import Told
from faastraingym.algorithms.experiments.settings import in_base
from faastraingym.client import specifications
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.errors import BadInput
from faastraingym.client.specifications import Composed
from faastraingym.schemas.errors import RunFault, SpecificationError
from faastraingym.schemas.experiment import AnyDimension, Choice, ExperimentSpec, Grid

MOST_ENVIRONMENTS = 16  # that are built; each takes a second


class Checked(NamedTuple):
    """An experiment that can be started."""

    spec: ExperimentSpec
    advice: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """Of all configurations and seeds, and of copies in a population."""
        return (space.trials(self.spec) + feasibility.copies(self.spec)) * len(self.spec.seeds)

    @property
    def env_steps(self) -> int:
        """Of all runs, should every one of them use up its budget, or that of the experiment."""
        places = space.trials(self.spec) * len(self.spec.seeds)  # which copies take over
        steps = places * registry.parse(self.spec.run).stop.env_steps
        return min(steps, self.spec.budget.env_steps or steps)


async def check(client: AsyncClient, composed: Composed) -> Checked:
    """The specification, once its environments were built, reset and stepped.

    Raises:
        BadInput: it cannot be run; one line for each problem.
        StackTrouble: it could not be checked.
    """
    with specifications.refused(composed.origin):
        spec = specification.parse(composed.raw)
    advice: list[str] = []
    for settings in _environments(spec):
        prepared = await _check(client, composed, spec, settings)
        advice += [each for each in prepared if each not in advice]
    return Checked(spec, tuple(advice))


def first(spec: ExperimentSpec, most: int) -> list[dict[str, Any]]:
    """The first configurations, as far as they depend on no result.

    Raises:
        RunFault: the sampler is not installed here.
    """
    if isinstance(spec.sampler, Grid):
        return space.grid(spec)[:most]
    found: list[dict[str, Any]] = []
    while len(found) < min(most, space.trials(spec)) and not sampling.needed(spec, len(found)):
        told = [Told(settings, None) for settings in found]
        found.append(sampling.suggest(spec, len(found), told))
    return found


def doubts(spec: ExperimentSpec, drawn: Sequence[dict[str, Any]]) -> str:
    """What is said of draws that no run can have; "": each is a run specification.

    A grid's configurations are all looked at; of a sampler only those that are drawn already.
    """
    refused = dict(_refused(spec, drawn))
    if not refused:
        return ""
    trial, problem = next(iter(refused.items()))
    return (
        f"{len(refused)} of the first {len(drawn)} configurations are refused, and will be failed "
        f"trials, as trial {trial}: {in_base(problem)}"
    )


def installed(spec: ExperimentSpec) -> str:
    """What is said where the libraries of the sampler are not installed; "": they are."""
    if isinstance(spec.sampler, Grid):
        return ""
    try:
        sampling.versions()
    except RunFault as fault:
        return str(fault)
    return ""


def _refused(spec: ExperimentSpec, drawn: Sequence[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for trial, settings in enumerate(drawn):
        try:
            registry.parse(space.overridden(spec.run, settings))
        except SpecificationError as refusal:
            yield trial, refusal.problems[0]


def _environments(spec: ExperimentSpec) -> Iterator[dict[str, Any]]:
    """Settings of the base run's environment and algorithm, then others that the choices make."""
    yield {}
    chosen: dict[str, AnyDimension] = {
        path: dimension
        for path, dimension in spec.space.items()
        if isinstance(dimension, Choice)
        and (path.split(".")[0] == "environment" or path in ("algorithm", "algorithm.name"))
    }
    for path in [*chosen]:
        chosen |= conditions.above(spec.space, path)
    others = space.combinations(chosen) if chosen else iter(())
    for _, settings in zip(range(MOST_ENVIRONMENTS), others, strict=False):
        yield settings


async def _check(
    client: AsyncClient, composed: Composed, spec: ExperimentSpec, settings: dict[str, Any]
) -> tuple[str, ...]:
    """The advice on the base run with these settings."""
    raw = space.overridden(spec.run, settings)
    try:
        return (await client.prepare(composed._replace(raw=raw))).advice
    except BadInput as refusal:
        listed = ", ".join(f"{path} = {value!r:.40}" for path, value in settings.items())
        where = f"spec.space: with {listed}: " if listed else ""
        raise specifications.of_base(refusal, composed.origin, where) from refusal
