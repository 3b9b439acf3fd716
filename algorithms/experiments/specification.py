"""A raw experiment becomes an ExperimentSpec, or an error: one sentence for every problem."""

from collections.abc import Iterator
from typing import Any

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import conditions, dimensions, feasibility, settings
from faastraingym.algorithms.experiments.settings import in_base
from faastraingym.schemas import validation
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import ExperimentSpec, Grid
from faastraingym.schemas.specification import RunSpec

ELSEWHERE = {key: [f"run.{key}"] for key in RunSpec.__struct_fields__ if key != "seed"}


def is_experiment(raw: object) -> bool:
    """Whether a raw specification is an experiment's; else it is a run's."""
    return isinstance(raw, dict) and "space" in raw


def parse(raw: Any) -> ExperimentSpec:
    """The validated specification of an experiment.

    Raises:
        SpecificationError: unknown keys, wrong types, a base run or a configuration that would be
            refused, a sampler or scheduler that cannot handle the space.
    """
    spec = validation.typed(raw, ExperimentSpec, ELSEWHERE)
    if found := problems(spec):
        raise SpecificationError(found)
    return spec


def problems(spec: ExperimentSpec) -> list[str]:
    """What is wrong although every field is valid; later checks rely on what earlier ones found."""
    return (
        [*_base_problems(spec), *settings.path_problems(spec.space)]
        or [*_space_problems(spec), *feasibility.sampler_problems(spec)]
        or [*settings.type_problems(spec), *feasibility.scheduler_problems(spec)]
        or list(_grid_problems(spec))
        or list(feasibility.budget_problems(spec))
    )


def _base_problems(spec: ExperimentSpec) -> Iterator[str]:
    try:
        registry.parse(spec.run)
    except SpecificationError as error:
        yield from map(in_base, error.problems)
    if "evaluate" in spec.run:
        yield "spec.run.evaluate: an experiment compares what runs learn; start such a run alone"
    for i, seed in enumerate(spec.seeds):
        if seed in spec.seeds[:i]:
            yield f"spec.seeds[{i}]: found {seed} again; allowed: each seed once"


def _space_problems(spec: ExperimentSpec) -> Iterator[str]:
    for path, dimension in spec.space.items():
        yield from (f"spec.space.{path}{words}" for words in dimensions.problems(dimension))
    yield from conditions.problems(spec.space)


def _grid_problems(spec: ExperimentSpec) -> Iterator[str]:
    """Only a grid's configurations are known beforehand."""
    if isinstance(spec.sampler, Grid):
        yield from feasibility.size_problems(spec) or settings.grid_problems(spec)
