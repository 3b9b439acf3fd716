"""The learner of an actor-critic: version v and its batch give version v + 1, always the same bits.

The bits also depend on XLA's number of threads, which the environment variable NPROC sets.
"""

import functools
from typing import Any, cast

import numpy as np

from faastraingym.algorithms import cells, divergence, random_keys, seeding, statistics, trees
from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.batches import assemble
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actor_critic.sequences import units
from faastraingym.algorithms.actor_critic.updating import Method, Setup, make_update
from faastraingym.algorithms.actors import episodes
from faastraingym.algorithms.environments.observations import normalised
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.replay.ring import Ring
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.messages import UpdatePlan
from faastraingym.schemas.payloads import LearnerState, Policy, Statistics, Trajectory
from faastraingym.schemas.specification import RunSpec


def initialise(method: Method, spec: RunSpec) -> LearnerState:
    """Policy version 0.

    Raises:
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    settings: Any = spec.algorithm
    size = describe(spec).observation_size
    key, architecture = random_keys.initial(spec.seed), _setup(method, spec).architecture
    parameters = networks.initial(architecture, size, key)
    return LearnerState(
        version=0,
        env_steps=0,
        parameters=trees.flatten(parameters),
        optimizer=trees.flatten(method.optimizer(settings).init(parameters)),
        statistics=statistics.empty(size) if settings.normalize_observations else None,
    )


def update(
    method: Method,
    spec: RunSpec,
    state: LearnerState,
    batch: list[Trajectory],
    rewards: list[np.ndarray] | None,
    plan: UpdatePlan,
    replay: Ring | None = None,
) -> tuple[LearnerState, dict[str, float]]:
    """The next version, and the means over all minibatches of the loss's terms and diagnostics.

    Observations are normalised by the statistics that the batch was collected under; those of
    the new version have the batch's merged in, in index order, once.

    Args:
        method, spec, plan: the algorithm, the run, and this update's coefficients.
        state: the version that collected the batch; it is left as it is.
        batch: trajectories, in any order.
        rewards: transformed rewards in the order of `batch`; none: the environment's own.
        replay: nothing; an actor-critic learns from its batch.

    Raises:
        RunFault: a metric or a new parameter is not finite.
    """
    settings: Any = spec.algorithm
    info = describe(spec)
    moments = None if state.statistics is None else _moments(state.statistics, info)
    arrays = assemble(batch, rewards, pad=spec.rollout.horizon == "episodes", info=info)
    generator = seeding.generator(spec.seed, "update", state.version)
    setup = _setup(method, spec)
    template = trees.optimizer_template(method.optimizer, settings, trees.shapes(state.parameters))
    new_parameters, new_optimizer, metrics = make_update(setup)(
        trees.nest(state.parameters),  # copies: the update donates its arguments
        trees.restore(template, state.optimizer),
        arrays,
        moments,
        {name: np.float32(value) for name, value in plan.coefficients.items()},
        method.minibatches(settings, generator, units(arrays)),
    )
    new_state = LearnerState(
        version=state.version + 1,
        env_steps=state.env_steps + sum(episodes.env_steps(t) for t in batch),
        parameters=trees.flatten(new_parameters),
        optimizer=trees.flatten(new_optimizer),
        statistics=_merged(state.statistics, batch),
    )
    means = {name: float(value) for name, value in metrics.items()}
    divergence.refuse(state.version, {**means, **new_state.parameters})
    every = {**means, **_deviation(new_state), "learning_rate": plan.coefficients["learning_rate"]}
    return new_state, every


def _moments(of: Statistics, info: SpaceInfo) -> tuple[np.ndarray, ...]:
    """Mean and scale, and which inputs are normalised, if not all are."""
    which = normalised(info)
    return statistics.moments(of) if which is None else (*statistics.moments(of), which)


def _deviation(state: LearnerState) -> dict[str, float]:
    """The mean deviation of a Gaussian policy's actions, or of its noise matrices' elements."""
    log_std = state.parameters.get("policy/log_std")
    return {} if log_std is None else {"std": float(np.exp(log_std).mean())}


def project(state: LearnerState) -> Policy:
    """The actor's part of `state`: the policy network and the observation statistics."""
    actors = {p: a for p, a in state.parameters.items() if p.startswith("policy/")}
    return Policy(version=state.version, parameters=actors, statistics=state.statistics)


def _setup(method: Method, spec: RunSpec) -> Setup:
    info, settings = describe(spec), cast(Any, spec.algorithm)
    architecture = Architecture(
        trunk=description.trunk(spec, info),
        action_size=info.action_size,
        continuous=info.continuous,
        log_std_init=settings.log_std_init,
        choices=info.action_choices,
        bits=info.action_bits,
        recurrent=cells.cell_of(spec),
        shared=description.is_shared(spec),
        state_dependent=sde(settings) is not None,
    )
    return Setup(method, settings, architecture)


def _merged(before: Statistics | None, batch: list[Trajectory]) -> Statistics | None:
    if before is None:
        return None
    ordered = sorted(batch, key=lambda t: t.index)
    parts = [t.statistics for t in ordered if t.statistics is not None]
    return functools.reduce(statistics.merge, parts, before)
