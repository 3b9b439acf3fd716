"""The settings of a copy: its parent's, perturbed or drawn anew. Pure.

Source: Jaderberg et al., Population Based Training of Neural Networks (2017): perturb, resample.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.experiments import conditions
from faastraingym.algorithms.experiments.dimensions import identity
from faastraingym.events.experiments.schedulers.population import seed
from faastraingym.schemas.experiment import (
    AnyDimension,
    Choice,
    ExperimentSpec,
    Integer,
    LogUniform,
    Population,
    Uniform,
)


def perturbed(
    spec: ExperimentSpec, settings: Mapping[str, Any], trial: int, rung: int
) -> dict[str, Any]:
    """The settings of the copy that takes the place of `trial` after `rung`.

    `settings`: those of its parent, by path. Each dimension has a random stream of its own, so one
    more in the space changes no other. A dimension that its parent had not is drawn.
    """
    scheduler = cast(Population, spec.scheduler)
    found: dict[str, Any] = {}
    for path in conditions.order(spec.space):
        if not conditions.exists(spec.space[path], found):
            continue
        random = seeding.generator(seed(spec), f"perturb {path}", trial, rung)
        drawn = random.random() < scheduler.resample or path not in settings
        found[path] = (
            _drawn(spec.space[path], random)
            if drawn
            else _moved(spec.space[path], settings[path], scheduler.factors, random)
        )
    return {path: found[path] for path in spec.space if path in found}


def _drawn(dimension: AnyDimension, random: np.random.Generator) -> Any:
    """A value of the dimension, as likely as it says."""
    match dimension:
        case Choice(values=values):
            return values[int(random.integers(len(values)))]
        case Uniform(low=low, high=high):
            return _within(random.uniform(low, high), low, high)
        case LogUniform(low=low, high=high):
            return _within(math.exp(random.uniform(math.log(low), math.log(high))), low, high)
        case Integer(low=low, high=high, log=True):
            # A whole number stands for the half below it and the half above it.
            drawn = random.uniform(math.log(low - 0.5), math.log(high + 0.5))
            return _stepped(dimension, round(math.exp(drawn)) - low)
        case Integer():
            return _stepped(dimension, int(random.integers(_steps(dimension) + 1)))


def _moved(
    dimension: AnyDimension, value: Any, factors: tuple[float, float], random: np.random.Generator
) -> Any:
    """A value near `value`: a choice beside it, or one of the factors times a number."""
    if isinstance(dimension, Choice):
        at = [identity(each) for each in dimension.values].index(identity(value))
        beside = dimension.values[max(0, at - 1) : at] + dimension.values[at + 1 : at + 2]
        return beside[int(random.integers(len(beside)))] if beside else value
    factor = factors[int(random.integers(2))]
    if not isinstance(dimension, Integer):
        return _within(value * factor, dimension.low, dimension.high)
    before = (value - dimension.low) // dimension.step
    after = round((value * factor - dimension.low) / dimension.step)
    if after == before:  # a small number, which rounding would leave as it is
        after += (factor > 1) - (factor < 1)
    return _stepped(dimension, after)


def _within(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _steps(dimension: Integer) -> int:
    """Steps from the least value to the greatest."""
    return (dimension.high - dimension.low) // dimension.step


def _stepped(dimension: Integer, steps: int) -> int:
    return dimension.low + min(max(steps, 0), _steps(dimension)) * dimension.step
