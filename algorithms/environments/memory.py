"""Finds out by a trial whether an environment takes something from one episode into the next.

Such memory would be lost with the replica that played the episodes before, and the same run would
come to another policy. So short episodes of two kinds are played in turn in one environment, and
again in environments built anew; their observations, rewards and ends must have the same bits.

EPISODES of at most STEPS steps show counters up to the fifth reset, values that a first reset
fixes, running statistics and random generators that a reset does not seed. `replaying` finds
everything else when a rollout continues, and ends the run there.
"""

import time
from collections.abc import Callable

from faastraingym.algorithms.environments import carrying
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.repeating import Episode, close, difference, play, prepare
from faastraingym.algorithms.environments.space_info import make
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

EPISODES = 6  # in one environment: three times each of the two kinds
SECONDS = 0.25  # of the first episode; slower environments are looked at for less

WAYS = (
    'set environment.memory = "forget" (it is built anew at each episode), "carry" (what its '
    'get_state() gives travels with the run, into set_state()) or "declared" (the run\'s SHA-256 '
    "then depends on which replicas were lost)"
)
DETERMINED = (
    "draw random numbers from self.np_random, which reset(seed=seed) seeds, and keep no state in "
    'a class or module, or set environment.memory = "declared" (the run\'s SHA-256 then depends '
    "on more than its specification)"
)


def problems(spec: RunSpec, clock: Callable[[], float] = time.perf_counter) -> list[str]:
    """A sentence if a run would not come to the same policy again; `clock` returns seconds."""
    environment = spec.environment
    if environment.memory == "declared":
        return []
    try:
        alone, in_turn, again = _tried(spec, clock)
    except EnvironmentFailed as error:
        return [f"spec.environment.id: a second time {error}"]
    if found := difference(alone, again):
        return [
            f"spec.environment.id: {environment.id} is not determined by its seed: of two "
            f"environments built anew the second gave {found} of the same episode; {DETERMINED}"
        ]
    if environment.memory == "carry":
        return _uncarried(environment)
    expected = (in_turn[0], alone)
    differences = (difference(expected[i % 2], marks) for i, marks in enumerate(in_turn))
    if environment.memory == "none" and (found := next(filter(None, differences), "")):
        return [
            f"spec.environment.memory: {environment.id} remembers across its episodes: after other "
            f"episodes it gave {found} of the same episode, which a lost replica would change; "
            f"{WAYS}"
        ]
    return []


def _tried(spec: RunSpec, clock: Callable[[], float]) -> tuple[Episode, list[Episode], Episode]:
    """An episode in an environment built anew, among others in one, and again as at first."""
    trial, begun = prepare(spec), clock()
    (alone,) = play(trial, [1], begun + SECONDS, clock)
    episodes = EPISODES if clock() < begun + 2 * SECONDS else 2
    trial = trial._replace(actions=[kind[: max(1, len(alone) - 1)] for kind in trial.actions])
    in_turn = play(trial, [i % 2 for i in range(episodes)])
    (again,) = play(trial, [1])
    return alone, in_turn, again


def _uncarried(environment: EnvironmentSpec) -> list[str]:
    """The problem of handing an environment's state to an environment built anew, or none."""
    old, new = make(environment), make(environment)
    try:
        with foreign("reset()"):
            old.reset(seed=0)
        carrying.put(new, carrying.take(old))
    except EnvironmentFailed as error:
        return [f'spec.environment.memory: found "carry", but {environment.id}: {error}']
    finally:
        close(old)
        close(new)
    return []
