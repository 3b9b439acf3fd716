"""The learner by replay: version v and its window give version v + 1, always the same bits.

The bits also depend on XLA's number of threads, which the environment variable NPROC sets.
"""

import functools
from typing import Any, cast

import jax
import numpy as np

from faastraingym.algorithms import divergence, random_keys, registry, seeding, trees
from faastraingym.algorithms.actors import episodes
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.observations import compact, features
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.off_policy.updating import Learnt, Method, make_update
from faastraingym.algorithms.replay import priorities, window
from faastraingym.algorithms.replay.priorities import Drawn
from faastraingym.algorithms.replay.ring import NEXT, SEEN, Ring, observations
from faastraingym.algorithms.replay.specification import ReplaySpec
from faastraingym.algorithms.replay.window import Window
from faastraingym.schemas.messages import UpdatePlan, VersionRange
from faastraingym.schemas.payloads import Arrays, LearnerState, Policy, Trajectory
from faastraingym.schemas.specification import RunSpec

PRIORITIES = "priorities"  # beside what gradient steps change, in `LearnerState.optimizer`


def initialise(method: Method, spec: RunSpec) -> LearnerState:
    """Policy version 0; targets are copies.

    Raises:
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    learnt = method.initial(method.setup(spec), random_keys.initial(spec.seed))
    return _state(0, 0, learnt, _no_priorities(spec))


def update(
    method: Method,
    spec: RunSpec,
    state: LearnerState,
    batch: list[Trajectory],
    rewards: list[np.ndarray] | None,
    plan: UpdatePlan,
    replay: Ring | None = None,
) -> tuple[LearnerState, dict[str, float]]:
    """The next version, and the means over its gradient steps of the losses and diagnostics.

    Args:
        method: the algorithm.
        spec, plan: the run, and this update's coefficients, gradient steps and window.
        state: the version that learns; it is left as it is.
        batch: the newest trajectories, whose steps are counted.
        rewards: not used: they are in `replay`.
        replay: has the versions of `plan.replay`.

    Raises:
        RunFault: a metric or a new parameter is not finite.
    """
    ring, of = cast(Ring, replay), window.window(spec, cast(VersionRange, plan.replay))
    setup = method.setup(spec)
    learnt, held = _restored(method, setup, spec, state)
    metrics: dict[str, float] = {}
    if held is not None:
        held = priorities.entered(held, of, ring)
    if plan.gradient_steps:
        drawn = _drawn(spec, of, held, plan)
        generator = seeding.generator(spec.seed, "update", state.version)
        noise = method.noise(setup, generator, cast(tuple[int, int], drawn.numbers.shape))
        learnt, found, errors = make_update(method, setup)(
            learnt,
            _samples(spec, of, drawn, ring) | noise,
            {name: np.float32(value) for name, value in plan.coefficients.items()},
        )
        metrics = {name: float(value) for name, value in found.items()}
        if held is not None:
            held = priorities.learnt(of, held, drawn.numbers, np.asarray(errors))
    steps = state.env_steps + sum(episodes.env_steps(t) for t in batch)
    after = _state(state.version + 1, steps, learnt, held)
    divergence.refuse(state.version, {**metrics, **after.parameters})
    return after, {**metrics, **_told(spec, state, of, plan)}


def project(method: Method, state: LearnerState) -> Policy:
    """The actor's part of `state`: the network that acts."""
    acts = f"{method.acts}/"
    actors = {path: a for path, a in state.parameters.items() if path.startswith(acts)}
    return Policy(version=state.version, parameters=actors)


def _drawn(spec: RunSpec, of: Window, held: np.ndarray | None, plan: UpdatePlan) -> Drawn:
    settings, steps = cast(ReplaySpec, spec.algorithm), cast(int, plan.gradient_steps)
    place = spec.seed, of.versions.last, steps, settings.batch_size
    if held is None:
        numbers = window.draw(of, *place)
        return Drawn(numbers, np.ones(numbers.shape, np.float32))
    correction = plan.coefficients["priority_correction"]
    return priorities.draw(of, held, settings.priority_exponent, correction, *place)


def _samples(spec: RunSpec, of: Window, drawn: Drawn, replay: Ring) -> Arrays:
    settings, info = cast(ReplaySpec, spec.algorithm), describe(spec)
    found = replay.gather(of, drawn.numbers, settings.n_step, settings.gamma)
    inputs = compact if description.trunk(spec, info).encoders else features
    read = {name: inputs(observations(found, name), info) for name in (SEEN, NEXT)}
    names = ("actions", "returns", "discounts", "valid")
    samples = {name: found[name] for name in names} | read | {"weights": drawn.weights}
    allowed = masks.of(observations(found, NEXT), info.mask)
    return samples if allowed is None else samples | {"next_masks": allowed}


def _told(spec: RunSpec, state: LearnerState, of: Window, plan: UpdatePlan) -> dict[str, float]:
    """What was planned, for curves beside the losses."""
    progress = state.env_steps / spec.stop.annealing_steps
    return {
        "learning_rate": plan.coefficients["learning_rate"],
        **registry.rules(spec).plan(spec, progress).exploration,
        "gradient_steps": float(plan.gradient_steps or 0),
        "replayed": float(of.transitions),
    }


def _state(version: int, env_steps: int, learnt: Learnt, held: np.ndarray | None) -> LearnerState:
    beside = {} if held is None else {PRIORITIES: held}
    return LearnerState(
        version=version,
        env_steps=env_steps,
        parameters=trees.flatten(learnt.networks),
        optimizer=trees.flatten({**learnt.optimizer, **beside}),
    )


def _restored(
    method: Method, setup: Any, spec: RunSpec, state: LearnerState
) -> tuple[Learnt, np.ndarray | None]:
    """What `_state` stored, as copies: the update donates its arguments.

    Raises:
        PayloadError: it is of another optimizer or another window.
    """
    empty, template = _no_priorities(spec), _optimizer_template(method, setup)
    beside = {} if empty is None else {PRIORITIES: empty}
    held = trees.restore({**template, **beside}, state.optimizer)
    found = held.pop(PRIORITIES, None)
    return Learnt(trees.nest(state.parameters), held), found


@functools.lru_cache(maxsize=16)
def _optimizer_template(method: Method, setup: Any) -> dict[str, Any]:
    """The structure of the optimizer's states."""
    shapes = jax.eval_shape(functools.partial(method.initial, setup), jax.random.key(0))
    return cast(dict[str, Any], shapes.optimizer)


def _no_priorities(spec: RunSpec) -> np.ndarray | None:
    """The priorities before anything was collected; None: samples are drawn uniformly."""
    if not cast(ReplaySpec, spec.algorithm).prioritized:
        return None
    return np.zeros(window.ring_shape(spec), np.float32)
