"""What a learner makes of a recurrent policy's sequences."""

from collections.abc import Callable
from typing import Any

import jax
import msgspec
import numpy as np
import pytest

from faastraingym.algorithms import registry, trees
from faastraingym.algorithms.actor_critic import learner, networks, sequences, updating
from faastraingym.algorithms.actor_critic.batches import Batch, assemble
from faastraingym.algorithms.actor_critic.updating import Setup
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.ppo.learner import METHOD, project
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import LearnerState, Trajectory
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
SIZE, STEPS = 6, 25
COEFFICIENTS = {
    name: np.float32(value)
    for name, value in (("learning_rate", 0.01), ("clip_coef", 0.2), ("ent_coef", 0.01))
}


@pytest.fixture(params=["lstm", "gru"])
def spec(request: pytest.FixtureRequest, make_spec: Make) -> RunSpec:
    """Episodes of 7 steps at most, which are truncated."""
    settings = {
        "hidden_sizes": [7],
        "recurrent": {"cell": request.param, "size": SIZE},
        "normalize_observations": True,
    }
    short = {"kwargs": {"max_episode_steps": 7}, "num_envs": 4}
    return make_spec(environment=short, rollout={"num_steps": STEPS}, algorithm=settings)


def burning(spec: RunSpec, steps: int) -> RunSpec:
    cell = msgspec.structs.replace(spec.algorithm.recurrent, burn_in=steps)  # type: ignore[type-var]
    return msgspec.structs.replace(
        spec, algorithm=msgspec.structs.replace(spec.algorithm, recurrent=cell)
    )


def setup(spec: RunSpec) -> Setup:
    return learner._setup(METHOD, spec)


@pytest.fixture
def state(spec: RunSpec) -> LearnerState:
    """A learner whose policy has opinions, and statistics."""
    first, random = registry.learner(spec).initialise(spec), np.random.default_rng(3)
    moved = {
        path: (array + random.normal(size=array.shape, scale=0.3)).astype(np.float32)
        for path, array in first.parameters.items()
    }
    return msgspec.structs.replace(first, parameters=moved)


@pytest.fixture
def batch(spec: RunSpec, state: LearnerState) -> list[Trajectory]:
    """The second trajectory of each of two slots: they begin within episodes."""
    policy = project(state)
    firsts = [collect(spec, policy, slot, None) for slot in range(2)]
    found = [collect(spec, policy, slot, first) for slot, first in enumerate(firsts)]
    assert all(np.any(t.actor_memory) for t in found)
    assert all(t.truncated.any() and not t.valid.all() for t in found)
    return found


def assembled(spec: RunSpec, batch: list[Trajectory]) -> Batch:
    return assemble(batch, None, False, describe(spec))


def prepared(spec: RunSpec, state: LearnerState, batch: Batch) -> sequences.Samples:
    parameters = trees.nest(state.parameters)
    return updating.prepare(setup(spec), parameters, batch, None, batch.valid.shape[1])[0]


def test_the_learner_knows_how_probable_the_actions_were(
    spec: RunSpec, state: LearnerState, batch: list[Trajectory]
) -> None:
    """So its memories are those of acting, through ends, resets and starts within episodes."""
    samples = prepared(spec, state, assembled(spec, batch))
    assert samples["log_probs"].shape == (8, STEPS)
    steps = sequences.recalled(setup(spec).architecture, trees.nest(state.parameters), samples)
    found = updating._likelihoods(setup(spec).architecture, trees.nest(state.parameters), steps)[0]
    valid = np.asarray(steps["valid"])
    np.testing.assert_allclose(
        np.asarray(found)[valid], np.asarray(steps["log_probs"])[valid], atol=1e-5
    )


def test_a_truncated_episode_counts_the_value_of_its_final_observation(
    spec: RunSpec, state: LearnerState, batch: list[Trajectory]
) -> None:
    """Of the memory of that episode; lambda 0: A = r + gamma V(final) - V(s)."""
    algorithm = msgspec.structs.replace(spec.algorithm, gae_lambda=0.0)  # type: ignore[call-arg]
    arrays = assembled(spec, batch)
    samples = prepared(msgspec.structs.replace(spec, algorithm=algorithm), state, arrays)
    architecture, parameters = setup(spec).architecture, trees.nest(state.parameters)
    ends = [(t, b) for t, b in np.argwhere(arrays.truncated) if t < STEPS - 1]
    assert ends
    for t, b in ends:
        resets = np.flatnonzero(~arrays.valid[:t, b])
        begin = resets[-1] + 1 if len(resets) else 0
        memory = arrays.memory[b] if not len(resets) else np.zeros_like(arrays.memory[b])
        seen = arrays.observations[begin : t + 2, b][:, None]
        kept = np.ones((len(seen), 1), np.bool_)
        remembered = networks.remembered(architecture, parameters, seen, memory[None], kept)
        value = networks.state_values(architecture, parameters, seen, remembered)[:, 0]
        terminal = 0.0 if arrays.terminated[t, b] else value[-1]
        expected = arrays.rewards[t, b] + spec.algorithm.gamma * terminal - value[-2]
        assert samples["advantages"][b, t] == pytest.approx(float(expected), abs=1e-4)


def gradients(spec: RunSpec, samples: sequences.Samples, state: LearnerState) -> dict[str, Any]:
    def minimised(parameters: Any) -> Any:
        return updating.loss(setup(spec), COEFFICIENTS, samples, parameters)[0]

    return trees.flatten(jax.grad(minimised)(trees.nest(state.parameters)))


def test_burn_in_steps_only_make_the_memory(
    spec: RunSpec, state: LearnerState, batch: list[Trajectory]
) -> None:
    """The gradient is that of the steps after them, from the memory that they lead to."""
    steps, arrays = 10, assembled(spec, batch)
    samples = prepared(burning(spec, steps), state, arrays)
    assert not samples["valid"][:, :steps].any()
    np.testing.assert_array_equal(samples["valid"][:, steps:], arrays.valid.T[:, steps:])
    after = batch_after(spec, state, samples, steps)
    found = gradients(burning(spec, steps), samples, state)
    for path, expected in gradients(spec, after, state).items():
        np.testing.assert_allclose(found[path], expected, atol=1e-5, err_msg=path)
    stored = gradients(spec, {**after, "memory": np.zeros_like(after["memory"])}, state)
    kernel = "policy/cell/hidden/kernel"
    assert np.abs(stored[kernel] - found[kernel]).max() > 1e-4


def batch_after(
    spec: RunSpec, state: LearnerState, samples: sequences.Samples, steps: int
) -> sequences.Samples:
    """The samples without their first steps, with the memory that an actor has after these."""
    actor = registry.acting(spec).actor(spec, project(state), describe(spec), {})
    memory = np.array(samples["memory"])
    for t in range(steps):
        actor.outputs(np.array(samples["observations"][:, t]), memory=memory)
        memory[~np.asarray(samples["kept"][:, t])] = 0.0
    later = {k: np.asarray(v)[:, steps:] for k, v in samples.items() if k != "memory"}
    return {**later, "memory": memory}  # type: ignore[dict-item]


def test_the_value_network_leaves_the_memory_to_the_policy(
    spec: RunSpec, state: LearnerState, batch: list[Trajectory]
) -> None:
    """A larger weight of its loss changes its own gradients alone."""
    samples = prepared(spec, state, assembled(spec, batch))
    algorithm = msgspec.structs.replace(spec.algorithm, vf_coef=50.0)  # type: ignore[call-arg]
    heavier = gradients(msgspec.structs.replace(spec, algorithm=algorithm), samples, state)
    for path, expected in gradients(spec, samples, state).items():
        factor = 100.0 if path.startswith("value/") else 1.0
        np.testing.assert_allclose(
            heavier[path], factor * expected, rtol=1e-3, atol=1e-4, err_msg=path
        )


@pytest.mark.parametrize("name", ["ppo", "a2c", "impala"])
def test_every_actor_critic_learns_from_sequences(name: str) -> None:
    """Both networks and the cell move; sequences in whole episodes have padding behind them."""
    settings = {"name": name, "recurrent": {"cell": "gru", "size": SIZE}, "hidden_sizes": []}
    horizon = {"horizon": "episodes", "num_episodes": 2}
    short = {"kwargs": {"max_episode_steps": 7}}
    environment = {"id": "CartPole-v1", "num_envs": 4, **short}
    raw = {"environment": environment, "algorithm": settings, "rollout": horizon}
    spec = registry.parse({**raw, "stop": {"env_steps": 1000}})
    teacher = registry.learner(spec)
    first = teacher.initialise(spec)
    trajectories = [collect(spec, teacher.project(first), 0, None)]
    plan = planning.update_plan(spec, 0, 0, 0)
    after, metrics = teacher.update(spec, first, trajectories, None, plan)
    assert all(np.any(array != first.parameters[p]) for p, array in after.parameters.items())
    assert np.isfinite(list(metrics.values())).all()
