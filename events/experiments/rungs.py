"""The environment steps at which the trials of an experiment pause: pure.

A trial's rungs follow from the specification and its number alone.
"""

import functools

from faastraingym.schemas.experiment import (
    ExperimentSpec,
    Halving,
    Hyperband,
    MedianStop,
    Plateau,
    Population,
)


def rungs(spec: ExperimentSpec, trial: int) -> tuple[int, ...]:
    """Environment steps at which `trial` pauses, rising; it ends at the last, the run's budget.

    A trial that began as a copy with the steps of a rung has the later ones still to come.
    """
    match spec.scheduler:
        case Halving(first=first, factor=factor):
            return _geometric(first, factor, budget(spec))
        case Hyperband(first=first, factor=factor):
            longest = _geometric(first, factor, budget(spec))
            return longest[bracket(len(longest), factor, trial) :]
        case MedianStop(every=every) | Plateau(every=every) | Population(every=every):
            return (*range(every, budget(spec), every), budget(spec))
        case _:
            return (budget(spec),)


def budget(spec: ExperimentSpec) -> int:
    """Environment steps of a run that no scheduler stops."""
    return int(spec.run["stop"]["env_steps"])


def survivors(trials: int, factor: int) -> int:
    """How many of the trials at a rung go on when it is complete; one at least."""
    return max(1, trials // factor)


def bracket_sizes(rungs: int, factor: int) -> tuple[int, ...]:
    """Trials of each bracket of Hyperband, the one that has all `rungs` first.

    Source: Li et al., Hyperband (JMLR 18, 2018), Algorithm 1: ceil((s_max + 1) factor^s / (s + 1)).
    """
    return tuple(-(-rungs * factor**s // (s + 1)) for s in reversed(range(rungs)))


def bracket(rungs: int, factor: int, trial: int) -> int:
    """The bracket that a trial joins: the one that is least full, by its size, once it has joined.

    So whatever their number, trials are divided as by the sizes.
    """
    counted = 1 << (trial + 1).bit_length()  # few different numbers, so that one count serves many
    return _joined(bracket_sizes(rungs, factor), counted)[trial]


def successor(total: int, trial: int, rung: int) -> int:
    """The number of the trial that takes the place of `trial` after `rung`.

    Numbers say who and when: the place in the population, and how many rungs were passed.
    """
    return trial % total + total * (rung + 1)


def first_rung(total: int, trial: int) -> int:
    """The rung of a trial's first result: 0, but for a copy, which has its parent's steps."""
    return trial // total


def _geometric(first: int, factor: int, budget: int) -> tuple[int, ...]:
    steps = []
    while first < budget:
        steps.append(first)
        first *= factor
    return (*steps, budget)


@functools.lru_cache(maxsize=64)
def _joined(sizes: tuple[int, ...], trials: int) -> tuple[int, ...]:
    """The brackets of the first `trials` trials."""
    members = [0] * len(sizes)
    joined = []
    for _ in range(trials):
        chosen = min(range(len(sizes)), key=lambda one: (members[one] + 1) / sizes[one])
        members[chosen] += 1
        joined.append(chosen)
    return tuple(joined)
