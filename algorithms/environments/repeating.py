"""Short episodes that are played several times; each step's answer is recorded by its digest."""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.actions import drawn
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.leaves import Leaf
from faastraingym.algorithms.environments.space_info import describe, make
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

STEPS = 64  # of an episode, at the most


class Mark(NamedTuple):
    """The answer of one step; a reset has an observation alone."""

    observation: bytes
    reward: bytes = b""
    terminated: bool = False
    truncated: bool = False
    raised: str = ""  # instead of all that


NAMES = ("observation", "reward", "end", "end", "exception")  # of a mark's fields
Episode = list[Mark]


class Trial(NamedTuple):
    """Two kinds of episodes: seeds [2] and actions [2][STEPS]."""

    environment: EnvironmentSpec
    seeds: Sequence[int]
    actions: Sequence[np.ndarray]
    mask: Leaf | None = None  # of actions: others that it allows take the place of invalid ones


def prepare(spec: RunSpec) -> Trial:
    """Two kinds of episodes, from the run's seed."""
    info = describe(spec)
    seeds = [seeding.integer(spec.seed, "trial", kind) for kind in range(2)]
    generator = seeding.generator(spec.seed, "trial")
    actions = [drawn(info, generator, STEPS) for _ in range(2)]
    return Trial(spec.environment, seeds, actions, info.mask)


def play(
    trial: Trial,
    kinds: Sequence[int],
    until: float = float("inf"),
    clock: Callable[[], float] = lambda: 0.0,
) -> list[Episode]:
    """One environment, built anew, plays episodes of these kinds until the time is up."""
    environment = make(trial.environment)
    try:
        return [_episode(environment, trial, kind, until, clock) for kind in kinds]
    finally:
        close(environment)


def difference(expected: Episode, found: Episode, first: int = 0) -> str:
    """The first difference of a repeated episode, as `another reward at step 3`; "": none.

    `first` is the number of the step that gave the first mark; 0: the reset.
    """
    for t, (one, other) in enumerate(zip(expected, found, strict=False), first):
        if one != other:
            what = next(NAMES[i] for i in range(len(NAMES)) if one[i] != other[i])
            return f"another {what} at {f'step {t}' if t else 'the reset'}"
    return ""


def close(environment: Any) -> None:
    """Closes an environment, and ignores exceptions of its own `close`."""
    with contextlib.suppress(EnvironmentFailed), foreign("close()"):
        environment.close()


def _episode(
    environment: Any, trial: Trial, kind: int, until: float, clock: Callable[[], float]
) -> Episode:
    """An episode up to its end, its last action or an exception, which other checks report."""
    marks: Episode = []
    try:
        with foreign(trial.environment.id):
            seen = environment.reset(seed=trial.seeds[kind])[0]
            marks.append(Mark(_bits(seen)))
            for action in trial.actions[kind]:
                # a copy: an environment may write to its action
                valid = masks.valid_action(action.copy(), seen, environment, trial.mask)
                seen, reward, terminated, truncated, _ = environment.step(valid)
                marks.append(Mark(_bits(seen), _bits(reward), bool(terminated), bool(truncated)))
                if terminated or truncated or clock() > until:
                    break
    except EnvironmentFailed as error:
        marks.append(Mark(b"", raised=type(error.__cause__).__name__))
    return marks


def _bits(value: Any) -> bytes:
    """A digest of numbers; of a Dict or Tuple of them the parts' digests count."""
    if isinstance(value, dict):
        return hashlib.sha256(b"".join(_bits(value[key]) for key in sorted(value))).digest()
    if isinstance(value, tuple):
        return hashlib.sha256(b"".join(map(_bits, value))).digest()
    return hashlib.sha256(np.asarray(value).tobytes()).digest()
