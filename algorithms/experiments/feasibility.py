"""Samplers, schedulers and budgets that cannot do what the rest of a specification asks."""

import math
from collections.abc import Iterator

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments import conditions, dimensions
from faastraingym.algorithms.experiments.space import MOST, combinations, trials
from faastraingym.schemas.experiment import (
    AnyDimension,
    Choice,
    CmaEs,
    ExperimentSpec,
    Grid,
    Halving,
    Hyperband,
    MedianStop,
    Plateau,
    Population,
)

MOST_ASKED = 1_000  # trials of CMA-ES, all of which are asked again for each
MOST_RUNGS = 1000  # of a trial: each is a segment, with a report, of every one of its runs


def sampler_problems(spec: ExperimentSpec) -> Iterator[str]:
    """Dimensions that the sampler cannot draw."""
    sampler = dimensions.kind(spec.sampler)
    for path, dimension in spec.space.items():
        what, allowed = _undrawn(spec, dimension)
        if what:
            found = f"found {sampler}, but spec.space.{path} {what}"
            yield f"spec.sampler.name: {found}; allowed: {allowed}"
    if isinstance(spec.sampler, CmaEs) and spec.sampler.trials > MOST_ASKED:
        yield (
            f"spec.sampler.trials: found {spec.sampler.trials}; allowed: 1 to {MOST_ASKED} of cmaes"
        )


def scheduler_problems(spec: ExperimentSpec) -> Iterator[str]:
    """Rungs above the base run's budget or too many, populations that cannot copy each other."""
    budget, scheduler = _env_steps(spec), spec.scheduler
    for name in ("first", "every"):
        found = getattr(scheduler, name, 0)
        if found > budget:
            yield (
                f"spec.scheduler.{name}: found {found}; allowed: 1 to {budget}, the budget of a "
                "run (spec.run.stop.env_steps)"
            )
    if isinstance(scheduler, MedianStop | Plateau | Population):
        least = math.ceil(budget / MOST_RUNGS)
        if scheduler.every < least:
            yield (
                f"spec.scheduler.every: found {scheduler.every}; allowed: at least {least}, so that"
                f" a run of {budget} steps has at most {MOST_RUNGS} rungs"
            )
    if isinstance(scheduler, Population):
        yield from _population_problems(spec, scheduler)


def size_problems(spec: ExperimentSpec) -> list[str]:
    """A grid that is too large to be looked at."""
    found = sum(1 for _ in combinations(spec.space))
    if found <= MOST:
        return []
    return [f"spec.space: found more than {MOST} configurations; allowed: at most {MOST}"]


def budget_problems(spec: ExperimentSpec) -> Iterator[str]:
    """More configurations than the budget allows, however early the scheduler stops them."""
    total, seeds, copied = trials(spec), len(spec.seeds), copies(spec)
    runs = total * seeds
    asked = f"{total} configurations with {seeds} seed{'s' * (seeds > 1)} each"
    if spec.budget.runs is not None and spec.budget.runs < runs + copied * seeds:
        also = f", and {copied} copies of them" if copied else ""
        yield (
            f"spec.budget.runs: found {spec.budget.runs}; allowed: at least "
            f"{runs + copied * seeds}, for {asked}{also}"
        )
    steps = runs * _least_steps(spec)
    if spec.budget.env_steps is not None and spec.budget.env_steps < steps:
        yield (
            f"spec.budget.env_steps: found {spec.budget.env_steps}; allowed: at least {steps}, for "
            f"{asked}, of {_least_steps(spec)} steps at least"
        )


def copies(spec: ExperimentSpec) -> int:
    """Trials that take the places of others in a population none of which fails; else 0."""
    if not isinstance(spec.scheduler, Population):
        return 0
    rungs = math.ceil(_env_steps(spec) / spec.scheduler.every)
    return (rungs - 1) * share(trials(spec), spec.scheduler.quantile)


def share(members: int, quantile: float) -> int:
    """How many of a population's members copy others at a rung, and how many are copied."""
    return max(1, int(members * quantile + 1e-9))  # 0.29 of 100 are 29, though not for a float


def _undrawn(spec: ExperimentSpec, dimension: AnyDimension) -> tuple[str, str]:
    """What the dimension is that the sampler cannot draw, and what would do; both empty: it can."""
    is_choice = isinstance(dimension, Choice)
    if isinstance(spec.sampler, Grid) and not is_choice:
        return f"is {dimensions.kind(dimension)}", "random, tpe or cmaes, or choices alone"
    if isinstance(spec.sampler, CmaEs) and is_choice:
        return "is a choice", "grid, random or tpe, or numbers alone"
    if isinstance(spec.sampler, CmaEs) and conditions.conditions(dimension):
        return "has when", "random or tpe, or numbers alone, without when"
    return "", ""


def _population_problems(spec: ExperimentSpec, scheduler: Population) -> Iterator[str]:
    if trials(spec) < 2:
        yield "spec.scheduler.name: found population, of 1 trial; allowed: at least 2 trials"
    kept = registry.parse(spec.run).retention.versions
    if kept is not None:
        yield (
            f"spec.run.retention.versions: found {kept}; allowed: null, for members of a "
            "population begin with learner states of others"
        )
    for i, factor in enumerate(scheduler.factors):
        if factor <= 0:
            yield f"spec.scheduler.factors[{i}]: found {factor:g}; allowed: greater than 0"
    for path, dimension in spec.space.items():
        numbers = all(
            type(value) in (int, float) for value in dimensions.probes(dimension).values()
        )
        if not numbers or path.count(".") != 1 or not path.startswith("algorithm."):
            yield (
                f"spec.space.{path}: a member of a population goes on with the network of another,"
                " in the same environments; allowed: numbers of the algorithm, as"
                " algorithm.learning_rate"
            )


def _least_steps(spec: ExperimentSpec) -> int:
    """Environment steps of a run that is stopped as early as can be."""
    match spec.scheduler:
        case Halving(first=steps) | Hyperband(first=steps):
            return steps
        case MedianStop(every=steps) | Plateau(every=steps):
            return steps
        case _:
            return _env_steps(spec)


def _env_steps(spec: ExperimentSpec) -> int:
    """The budget of a run."""
    return registry.parse(spec.run).stop.env_steps
