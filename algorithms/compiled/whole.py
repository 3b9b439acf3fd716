"""A rollout as one program: `lax.scan` over its steps, with the policy inside.

The noise of the actions is NumPy's, as in every rollout: two halves in turn equal the whole.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from faastraingym.algorithms.actors.step_loop import Start, Steps
from faastraingym.algorithms.compiled.fleet import Fleet, compiled
from faastraingym.algorithms.compiled.policy import Policy, policy
from faastraingym.algorithms.compiled.program import Key, Program
from faastraingym.algorithms.environments.actions import kept
from faastraingym.algorithms.environments.observations import stored
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.timing import Stopwatch

Whole = Callable[[Start, int, np.ndarray | None, Stopwatch], Steps]
Scanned = Callable[..., tuple[Fleet, tuple[Any, ...]]]
KEPT = 32  # compiled programs
_SCANNED: dict[tuple[Any, ...], Scanned] = {}


def whole(program: Program, actor: Any, info: SpaceInfo) -> Whole | None:
    """How `actor` plays in environments of `program`; None: not in one program.

    The function takes what `step_loop.play` takes; the environment's time is the whole program's.
    """
    acting = policy(actor, info)
    return None if acting is None else functools.partial(_play, program, acting, actor, info)


def _play(
    program: Program,
    acting: Policy,
    actor: Any,
    info: SpaceInfo,
    start: Start,
    num_steps: int,
    episodes_left: np.ndarray | None,
    watch: Stopwatch,
) -> Steps:
    vector: Any = start.vector.vector
    noise = actor.noise(start.generator, num_steps, len(start.ended))
    scanned = _scanned(program, acting)
    begin = watch.clock()
    fleet, columns = scanned(
        acting.arrays, vector.key, vector.places, vector.fleet, start.observations, noise
    )
    vector.fleet = fleet
    seen, outputs, actions, rewards, terminated, truncated = map(np.asarray, columns)
    watch.seconds += watch.clock() - begin
    steps = Steps(
        np.concatenate([start.observations[None], stored(seen, info)]),
        outputs,
        actions.astype(kept(info).dtype, copy=False),
        rewards,
        terminated,
        truncated,
        rewards,
    )
    return steps if episodes_left is None else _until(steps, episodes_left)


def _until(steps: Steps, episodes_left: np.ndarray) -> Steps:
    """The steps up to that which ends the last episode that is asked for; counts it down."""
    ended = steps.terminated | steps.truncated
    left = episodes_left - np.cumsum(ended, axis=0)
    done = (left <= 0).all(axis=1)
    t = int(done.argmax()) + 1 if done.any() else len(done)
    episodes_left[:] = left[t - 1]
    return Steps(steps.observations[: t + 1], *(column[:t] for column in steps[1:]))


def _scanned(program: Program, acting: Policy) -> Scanned:
    """The program, compiled once for each shape; the last ones that were used are kept."""
    key = (program, *acting.key)
    _SCANNED[key] = found = _SCANNED.pop(key, None) or jax.jit(_scan(program, acting))
    while len(_SCANNED) > KEPT:
        _SCANNED.pop(next(iter(_SCANNED)))
    return found


def _scan(program: Program, acting: Policy) -> Scanned:
    step = compiled(program).traced

    def scanned(
        arrays: Any, key: Key, places: jax.Array, fleet: Fleet, seen: Any, noise: Any
    ) -> tuple[Fleet, tuple[Any, ...]]:
        def once(carry: tuple[Fleet, Any], drawn: Any) -> tuple[Any, tuple[Any, ...]]:
            before, observations = carry
            outputs = acting.outputs(arrays, observations)
            actions = acting.sample(arrays, outputs, drawn)
            after, answer = step(key, places, before, acting.sent(actions))
            given = answer.observation.astype(observations.dtype)
            row = (given, outputs, actions, *answer[1:])
            return (after, given), row

        (after, _), columns = jax.lax.scan(once, (fleet, seen), noise)
        return after, columns

    return scanned
