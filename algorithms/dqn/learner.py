"""DQN's learner: version v and its window of replay give version v + 1, always the same bits.

The bits also depend on XLA's number of threads, which the environment variable NPROC sets.
"""

from typing import cast

import jax.numpy as jnp
import numpy as np

from faastraingym.algorithms import divergence, random_keys, trees
from faastraingym.algorithms.actors import episodes
from faastraingym.algorithms.dqn import networks
from faastraingym.algorithms.dqn.networks import Architecture
from faastraingym.algorithms.dqn.specification import DQN
from faastraingym.algorithms.dqn.specification import plan as planned
from faastraingym.algorithms.dqn.updating import Learnt, Setup, make_update, optimizer
from faastraingym.algorithms.environments.observations import features
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.networks.description import trunk
from faastraingym.algorithms.replay import priorities, window
from faastraingym.algorithms.replay.priorities import Drawn
from faastraingym.algorithms.replay.ring import NEXT, SEEN, Ring, observations
from faastraingym.algorithms.replay.window import Window
from faastraingym.schemas.messages import UpdatePlan, VersionRange
from faastraingym.schemas.payloads import Arrays, LearnerState, Policy, Trajectory
from faastraingym.schemas.specification import RunSpec

PRIORITIES = "priorities"  # beside what gradient steps change, in `LearnerState.optimizer`


def initialise(spec: RunSpec) -> LearnerState:
    """Policy version 0; the target network is a copy.

    Raises:
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    setup = _setup(spec)
    size = describe(spec).observation_size
    q = networks.initial(setup.architecture, size, random_keys.initial(spec.seed))
    adam = optimizer(setup.settings).init(q)
    return _state(0, 0, Learnt(q, q, adam, jnp.int32(0)), _no_priorities(spec))


def update(
    spec: RunSpec,
    state: LearnerState,
    batch: list[Trajectory],
    rewards: list[np.ndarray] | None,
    plan: UpdatePlan,
    replay: Ring | None = None,
) -> tuple[LearnerState, dict[str, float]]:
    """The next version, and the means over its gradient steps of the loss and its diagnostics.

    Args:
        spec, plan: the run, and this update's coefficients, gradient steps and window.
        state: the version that learns; it is left as it is.
        batch: the newest trajectories, whose steps are counted.
        rewards: not used: they are in `replay`.
        replay: has the versions of `plan.replay`.

    Raises:
        RunFault: a metric or a new parameter is not finite.
    """
    ring, of = cast(Ring, replay), window.window(spec, cast(VersionRange, plan.replay))
    learnt, held = _restored(spec, state)
    metrics: dict[str, float] = {}
    if held is not None:
        held = priorities.enter(held, state.version, ring.of_version(state.version, "valid"))
    if plan.gradient_steps:
        drawn = _drawn(spec, of, held, plan)
        samples = _samples(spec, of, drawn, ring)
        learnt, found, errors = make_update(_setup(spec))(
            learnt, samples, np.float32(plan.coefficients["learning_rate"])
        )
        metrics = {name: float(value) for name, value in found.items()}
        if held is not None:
            held = priorities.learnt(of, held, drawn.numbers, np.asarray(errors))
    steps = state.env_steps + sum(episodes.env_steps(t) for t in batch)
    after = _state(state.version + 1, steps, learnt, held)
    divergence.refuse(state.version, {**metrics, **after.parameters})
    return after, {**metrics, **_told(spec, state, of, plan)}


def project(state: LearnerState) -> Policy:
    """The actor's part of `state`: the Q-network."""
    actors = {p: a for p, a in state.parameters.items() if p.startswith("q/")}
    return Policy(version=state.version, parameters=actors)


def _drawn(spec: RunSpec, of: Window, held: np.ndarray | None, plan: UpdatePlan) -> Drawn:
    settings, steps = cast(DQN, spec.algorithm), cast(int, plan.gradient_steps)
    place = spec.seed, of.versions.last, steps, settings.batch_size
    if held is None:
        numbers = window.draw(of, *place)
        return Drawn(numbers, np.ones(numbers.shape, np.float32))
    correction = plan.coefficients["priority_correction"]
    return priorities.draw(of, held, settings.priority_exponent, correction, *place)


def _samples(spec: RunSpec, of: Window, drawn: Drawn, replay: Ring) -> Arrays:
    settings, info = cast(DQN, spec.algorithm), describe(spec)
    found = replay.gather(of, drawn.numbers, settings.n_step, settings.gamma)
    read = {name: features(observations(found, name), info) for name in (SEEN, NEXT)}
    names = ("actions", "returns", "discounts", "valid")
    return {name: found[name] for name in names} | read | {"weights": drawn.weights}


def _told(spec: RunSpec, state: LearnerState, of: Window, plan: UpdatePlan) -> dict[str, float]:
    """What was planned, for curves beside the losses."""
    progress = state.env_steps / spec.stop.annealing_steps
    return {
        "learning_rate": plan.coefficients["learning_rate"],
        "epsilon": planned(spec, progress).exploration["epsilon"],
        "gradient_steps": float(plan.gradient_steps or 0),
        "replayed": float(of.transitions),
    }


def _setup(spec: RunSpec) -> Setup:
    settings = cast(DQN, spec.algorithm)
    info = describe(spec)
    architecture = Architecture(trunk(spec, info), info.action_size, settings.dueling)
    return Setup(settings, architecture)


def _state(version: int, env_steps: int, learnt: Learnt, held: np.ndarray | None) -> LearnerState:
    beside = {} if held is None else {PRIORITIES: held}
    return LearnerState(
        version=version,
        env_steps=env_steps,
        parameters=trees.flatten({"q": learnt.q, "target": learnt.target}),
        optimizer=trees.flatten({"adam": learnt.adam, "steps": learnt.steps, **beside}),
    )


def _restored(spec: RunSpec, state: LearnerState) -> tuple[Learnt, np.ndarray | None]:
    """What `_state` stored, as copies: the update donates its arguments.

    Raises:
        PayloadError: it is of another optimizer or another window.
    """
    both, empty = trees.nest(state.parameters), _no_priorities(spec)
    q = {p.removeprefix("q/"): a for p, a in state.parameters.items() if p.startswith("q/")}
    adam = trees.optimizer_template(optimizer, spec.algorithm, trees.shapes(q))
    template = {"adam": adam, "steps": np.int32(0)}
    held = trees.restore(
        template if empty is None else {**template, PRIORITIES: empty}, state.optimizer
    )
    return Learnt(both["q"], both["target"], held["adam"], held["steps"]), held.get(PRIORITIES)


def _no_priorities(spec: RunSpec) -> np.ndarray | None:
    """The priorities before anything was collected; None: samples are drawn uniformly."""
    if not cast(DQN, spec.algorithm).prioritized:
        return None
    return np.zeros(window.ring_shape(spec), np.float32)
