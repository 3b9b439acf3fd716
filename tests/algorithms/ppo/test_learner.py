import hashlib
import sys
from collections.abc import Callable
from subprocess import check_output

import msgspec
import numpy as np
import pytest

from faastraingym.algorithms import statistics, trees
from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.learner import _merged, _setup
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.ppo import acting, learner
from faastraingym.events.pipeline import planning
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.payloads import LearnerState, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MakeTrajectory = Callable[..., Trajectory]
TINY = {"hidden_sizes": [8, 8], "update_epochs": 3, "num_minibatches": 2, "learning_rate": 1e-3}


def batch_of(spec: RunSpec, state: LearnerState) -> list[Trajectory]:
    return [collect(spec, learner.project(state), i, None) for i in range(spec.rollout.count)]


def learnt(
    spec: RunSpec, state: LearnerState, batch: list[Trajectory]
) -> tuple[LearnerState, dict[str, float]]:
    plan = planning.update_plan(spec, state.version, state.env_steps, 0)
    return learner.update(spec, state, batch, None, plan)


@pytest.fixture(params=["CartPole-v1", "Pendulum-v1", "Pendulum-v1 gSDE"])
def spec(request: pytest.FixtureRequest, make_spec: Make) -> RunSpec:
    """A small discrete run, and continuous ones; all normalise observations."""
    rollout = {"num_steps": 16, "count": 2}
    env_id, _, noise = request.param.partition(" ")
    settings = {**TINY, "normalize_observations": True} | ({"sde_sample_freq": 5} if noise else {})
    short = {"kwargs": {"max_episode_steps": 9}}
    return make_spec(env_id, rollout=rollout, algorithm=settings, environment=short)


def test_an_update_gives_the_same_bytes_every_time(spec: RunSpec) -> None:
    """Called twice, then on what came from the store; the input stays as it is."""
    state = learner.initialise(spec)
    before, batch = dump(state), batch_of(spec, state)
    first = dump(learnt(spec, state, batch)[0])
    assert dump(state) == before
    stored = [load(dump(t), Trajectory) for t in batch]
    again = learnt(spec, load(before, LearnerState), stored[::-1])[0]
    assert hashlib.sha256(dump(again)).digest() == hashlib.sha256(first).digest()


def test_initial_parameters_depend_on_the_seed_alone(make_spec: Make) -> None:
    """Equal seeds, equal bytes; seeds that differ in a high bit, other parameters."""
    assert dump(learner.initialise(make_spec(seed=1))) == dump(
        learner.initialise(make_spec(seed=1))
    )
    low, high = (learner.initialise(make_spec(seed=seed)).parameters for seed in (1, 1 + 2**40))
    assert not np.array_equal(low["policy/layer_0/kernel"], high["policy/layer_0/kernel"])


def test_versions_steps_and_statistics_advance(spec: RunSpec) -> None:
    """Resets are not counted, and the batch's statistics are merged once, in index order."""
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    new, metrics = learnt(spec, state, batch)
    valid = sum(int(t.valid.sum()) for t in batch)
    assert (new.version, new.env_steps) == (1, valid)
    assert valid < 2 * 16 * 3
    assert new.statistics is not None
    expected = statistics.merge(batch[0].statistics, batch[1].statistics)
    assert new.statistics.count == valid
    np.testing.assert_array_equal(new.statistics.mean, expected.mean)
    assert set(metrics) == {
        "policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction",
        "explained_variance", "grad_norm", "learning_rate",
        *(["std"] if "policy/log_std" in new.parameters else []),
    }  # fmt: skip
    assert all(np.isfinite(list(metrics.values())))


@pytest.mark.parametrize("absurd", [1e6, np.nan])
def test_what_is_masked_is_not_learnt_from(spec: RunSpec, absurd: float) -> None:
    """Absurd numbers in the pseudo-transitions leave the bytes as they are."""
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    (first, *others), fields = batch, {}
    real = ["actions"] if first.actions.dtype == np.float32 else []
    arrays = {name: getattr(first, name) for name in ("rewards", *real)} | first.extras
    for name, values in arrays.items():
        valid = first.valid.reshape(first.valid.shape + (1,) * (values.ndim - 2))
        fields[name] = np.where(valid, values, np.float32(absurd))
    extras = {name: fields.pop(name) for name in ("log_probs",)}
    spoilt = msgspec.structs.replace(first, **fields, extras=extras)
    assert not first.valid.all()
    expected = learnt(spec, state, batch)[0]
    assert dump(learnt(spec, state, [spoilt, *others])[0]) == dump(expected)


def test_statistics_are_merged_once_per_version(make_trajectory: MakeTrajectory) -> None:
    """From version 1 on too: what was known, then the batch, in index order."""
    known = statistics.of_batch(np.array([[1.0], [5.0]], np.float32))
    late, early = (
        make_trajectory(index=i, observations=[float(i), 3.0, 0.0], rewards=[0.0, 0.0])
        for i in (7, 2)
    )
    found = _merged(known, [late, early])
    expected = statistics.of_batch(np.array([[1.0], [5.0], [2.0], [3.0], [7.0], [3.0]]))
    assert found is not None
    assert found.count == expected.count == 6.0
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.m2, expected.m2, rtol=1e-12)
    assert _merged(None, [early]) is None


def test_a_second_update_counts_only_what_is_new(spec: RunSpec) -> None:
    """Version 2 has the observations of both batches, each once."""
    first = learner.initialise(spec)
    second = learnt(spec, first, batch_of(spec, first))[0]
    batch = batch_of(spec, second)
    third = learnt(spec, second, batch)[0]
    assert second.statistics is not None
    assert third.statistics is not None
    fresh = sum(int(t.valid.sum()) for t in batch)
    assert third.statistics.count == second.statistics.count + fresh == third.env_steps


def test_an_update_that_diverges_is_a_fault_of_the_run(spec: RunSpec) -> None:
    """It ends in words, instead of a policy of NaN."""
    algorithm = msgspec.structs.replace(spec.algorithm, learning_rate=1e30)
    wild = msgspec.structs.replace(spec, algorithm=algorithm)
    state = learner.initialise(wild)
    with pytest.raises(RunFault, match=r"version 0 diverged: \w+ is not finite; lower algorithm"):
        learnt(wild, state, batch_of(wild, state))


def test_acting_in_numpy_is_acting_in_flax(spec: RunSpec) -> None:
    """The two forward passes differ by less than 1e-5, on trained parameters."""
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    new = learnt(spec, state, batch)[0]
    seen = batch[0].observations.reshape(-1, batch[0].observations.shape[-1])
    info = describe(spec)
    found = acting.actor(spec, learner.project(new), info, {}).outputs(seen)
    mean, scale = statistics.moments(new.statistics) if new.statistics else (0.0, 1.0)
    normalised = np.clip((seen - mean) * scale, -10, 10) if new.statistics else seen
    architecture = _setup(learner.METHOD, spec).architecture
    expected = networks.policy_outputs(architecture, trees.nest(new.parameters), normalised)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_the_first_minibatch_has_the_ratio_1(spec: RunSpec) -> None:
    """Behaviour log-probabilities from NumPy are those of the learner's first pass."""
    settings = {"update_epochs": 1, "num_minibatches": 1, "learning_rate": 1e-9}
    algorithm = msgspec.structs.replace(spec.algorithm, **settings)
    once = msgspec.structs.replace(spec, algorithm=algorithm)
    state = learner.initialise(once)
    metrics = learnt(once, state, batch_of(once, state))[1]
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["clip_fraction"] == 0.0


def test_whole_episodes_are_learnt_from(make_spec: Make) -> None:
    """Ragged trajectories and a batch that no number of minibatches divides."""
    rollout = {"horizon": "episodes", "count": 2}
    spec = make_spec(rollout=rollout, algorithm={**TINY, "num_minibatches": 5})
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    assert len(batch[0].rewards) != len(batch[1].rewards)
    new, metrics = learnt(spec, state, batch)
    assert new.env_steps == sum(t.episode_lengths.sum() for t in batch)
    assert metrics["entropy"] > 0.5


def test_a_projection_holds_what_an_actor_needs_only(spec: RunSpec) -> None:
    """No value network in the policy."""
    policy = learner.project(learner.initialise(spec))
    assert all(path.startswith("policy/") for path in policy.parameters)
    assert policy.statistics is not None


SCRIPT = """
import hashlib
from faastraingym.algorithms.ppo import acting, learner
from faastraingym.algorithms.actors import collect
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import dump
from faastraingym.algorithms.registry import parse
spec = parse({"environment": {"id": "CartPole-v1", "num_envs": 4}, "stop": {"env_steps": 9},
              "algorithm": {"name": "ppo", "update_epochs": 2}, "rollout": {"num_steps": 16}})
state = learner.initialise(spec)
batch = [collect.collect(spec, learner.project(state), 0, None)]
new = learner.update(spec, state, batch, None, planning.update_plan(spec, 0, 0, 64))[0]
print(hashlib.sha256(dump(new)).hexdigest())
"""


def test_another_process_learns_the_same_bytes() -> None:
    """With as many threads, which NPROC fixes for XLA."""
    run = [sys.executable, "-c", SCRIPT]
    environment = {"NPROC": "1", "PYTHONPATH": ":".join(sys.path), "JAX_PLATFORMS": "cpu"}
    assert len({check_output(run, text=True, env=environment) for _ in range(2)}) == 1
