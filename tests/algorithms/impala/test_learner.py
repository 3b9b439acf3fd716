import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.actor_critic import updating
from faastraingym.algorithms.actor_critic.batches import Batch
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.impala import learner
from faastraingym.algorithms.impala.learner import METHOD
from faastraingym.algorithms.impala.specification import IMPALA
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import LearnerState, Trajectory, dump
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.test_vtrace import by_definition

Make = Callable[..., RunSpec]
F, T = False, True
LINEAR = Architecture(Trunk((), "tanh"), action_size=2, continuous=False)
SETTINGS = IMPALA(
    gamma=0.9, vtrace_lambda=0.8, rho_bar=1.5, c_bar=0.7, vf_coef=0.7, hidden_sizes=()
)
COEFFICIENTS = {"learning_rate": np.float32(0.01), "ent_coef": np.float32(0.3)}
KERNEL = np.array([[0.4, -0.3]])


def parameters(value: float) -> dict[str, Any]:
    """A policy of `KERNEL` without a bias; V(s) is `value` times s."""
    bias = np.zeros(2, np.float32)
    return {
        "policy": {"head": {"kernel": KERNEL.astype(np.float32), "bias": bias}},
        "value": {"head": {"kernel": np.float32([[value]]), "bias": bias[:1]}},
    }


def log_policy(observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """log pi(a|s) in float64, of [N] observations and actions."""
    logits = observations.astype(np.float64)[:, None] * KERNEL
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return np.asarray(log_probs[np.arange(len(actions)), actions])


def stale_batch() -> tuple[Batch, dict[str, np.ndarray]]:
    """One environment, truncated, reset and terminated, under a policy of another kind; NaN where
    nothing is valid. And what V-trace's definition is told of it.
    """
    observations = np.array([0.5, 1.0, -1.5, 2.0, 1.0, 0.25, np.nan], np.float32)
    actions = np.array([0, 1, 0, 0, 1, 1], np.int32)
    acting = np.array([-0.1, -2.5, -0.9, np.nan, -0.4, -1.6], np.float32)
    valid = np.array([T, T, T, F, T, T])
    x = {
        "rewards": np.array([1, -2, 0.5, np.nan, 3, 1], np.float32),
        "values": 0.5 * observations[:-1],
        "next_values": 0.5 * observations[1:],
        "terminated": np.array([F, F, F, F, F, T]),
        "truncated": np.array([F, F, T, F, F, F]),
        "valid": valid,
        "ratios": np.exp(log_policy(observations[:-1], actions) - acting),
    }
    batch = Batch(
        observations=observations[:, None, None],
        actions=actions[:, None],
        extras={"log_probs": acting[:, None]},
        **{name: x[name][:, None] for name in ("rewards", "terminated", "truncated", "valid")},
    )
    return batch, x


def test_estimates_are_v_trace_s_with_the_ratios_of_the_policy_that_learns() -> None:
    """Without the correction, or with any other ratio, these would be other numbers."""
    batch, x = stale_batch()
    setup = updating.Setup(METHOD, SETTINGS, LINEAR)
    samples, _ = updating.prepare(setup, parameters(0.5), batch, None, 6)
    how = {"gamma": 0.9, "trace_lambda": 0.8, "rho_bar": 1.5, "c_bar": 0.7}
    corrections, advantages = by_definition(x, **how)
    valid = x["valid"]
    ratios = x["ratios"][valid]
    assert ratios.min() < 0.7 < 1.5 < ratios.max()  # both truncations count
    np.testing.assert_allclose(samples["advantages"][valid], np.array(advantages)[valid], rtol=1e-5)
    targets = np.array(corrections)[valid] + x["values"][valid]
    np.testing.assert_allclose(samples["targets"][valid], targets, rtol=1e-5)
    assert all(np.isfinite(part).all() for part in samples.values())


def test_the_loss_and_its_metrics_by_hand() -> None:
    """-mean log pi A, less the entropy, and the value loss; ratios of before the step."""
    batch, x = stale_batch()
    setup = updating.Setup(METHOD, SETTINGS, LINEAR)
    samples, _ = updating.prepare(setup, parameters(0.5), batch, None, 6)
    found, metrics = updating.loss(setup, COEFFICIENTS, samples, parameters(0.5))
    valid = x["valid"]
    seen, chosen = np.asarray(batch.observations)[:-1, 0, 0][valid], batch.actions[:, 0][valid]
    both = np.stack([log_policy(seen, np.full_like(chosen, a)) for a in (0, 1)])
    advantages, targets = (np.asarray(samples[n])[valid] for n in ("advantages", "targets"))
    policy_loss = -(log_policy(seen, chosen) * advantages).mean()
    entropy = -(np.exp(both) * both).sum(axis=0).mean()
    value_loss = np.square(0.5 * seen - targets).mean()
    assert float(found) == pytest.approx(policy_loss - 0.3 * entropy + 0.7 * value_loss, rel=1e-5)
    ratios = x["ratios"][valid]
    expected = {
        "approx_kl": (ratios - 1 - np.log(ratios)).mean(),
        "rho_mean": np.minimum(ratios, 1.5).mean(),
        "rho_truncated": (ratios > 1.5).mean(),
    }
    for name, value in expected.items():
        assert float(metrics[name]) == pytest.approx(value, rel=1e-5)


def learnt(spec: RunSpec, state: LearnerState, batch: list[Trajectory]) -> LearnerState:
    plan = planning.update_plan(spec, state.version, state.env_steps, 0)
    return registry.learner(spec).update(spec, state, batch, None, plan)[0]


@pytest.fixture(params=["CartPole-v1", "Pendulum-v1"])
def spec(request: pytest.FixtureRequest, make_spec: Make) -> RunSpec:
    """A small discrete run, and a continuous one; both normalise observations."""
    settings = {"hidden_sizes": [8], "normalize_observations": True}
    return make_impala(make_spec, request.param, **settings)


def make_impala(make_spec: Make, environment: str, **settings: Any) -> RunSpec:
    raw = msgspec.to_builtins(
        make_spec(
            environment,
            rollout={"num_steps": 16, "count": 2, "max_policy_lag": 2},
            environment={"kwargs": {"max_episode_steps": 9}},
        )
    )
    return registry.parse({**raw, "algorithm": {"name": "impala", **settings}})


def batch_of(spec: RunSpec, state: LearnerState, lag: int = 0) -> list[Trajectory]:
    policy = learner.project(state)
    return [collect(spec, policy, i, None, lag=lag) for i in range(spec.rollout.count)]


def test_an_update_gives_the_same_bytes_every_time(spec: RunSpec) -> None:
    """The batch may come in any order; the numbers of pseudo-transitions change nothing."""
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    first = dump(learnt(spec, state, batch))
    assert hashlib.sha256(dump(learnt(spec, state, batch[::-1]))).digest() == (
        hashlib.sha256(first).digest()
    )
    one = batch[0]
    assert not one.valid.all()
    absurd = np.where(one.valid, one.extras["log_probs"], np.float32(np.nan))
    spoilt = msgspec.structs.replace(one, extras={"log_probs": absurd})
    assert dump(learnt(spec, state, [spoilt, batch[1]])) == first


def test_without_a_lag_it_is_a2c(spec: RunSpec) -> None:
    """rho = c = 1 and lambda 1: the same step as A2C's with n-step returns."""
    raw = msgspec.to_builtins(spec)
    settings = {"name": "a2c", "hidden_sizes": [8], "normalize_observations": True}
    a2c = registry.parse({**raw, "algorithm": settings, "rollout": {"num_steps": 16, "count": 2}})
    state = learner.initialise(spec)
    batch = batch_of(spec, state)
    found, expected = learnt(spec, state, batch), learnt(a2c, state, batch)
    for name, values in expected.parameters.items():
        np.testing.assert_allclose(found.parameters[name], values, atol=2e-6, rtol=0)
    moved = [np.abs(v - state.parameters[n]).max() for n, v in expected.parameters.items()]
    assert max(moved) > 1e-4


def test_trajectories_tell_how_probable_their_actions_were(spec: RunSpec) -> None:
    (first, _) = batch_of(spec, learner.initialise(spec))
    assert first.extras["log_probs"].shape == first.rewards.shape


def test_an_action_that_was_all_but_impossible_does_not_end_the_run() -> None:
    """exp(log-ratio) overflows; rho is truncated, so the loss is finite, and so are its metrics."""
    batch, _ = stale_batch()
    acting = batch.extras["log_probs"].copy()
    acting[1] = -200.0
    setup = updating.Setup(METHOD, SETTINGS, LINEAR)
    far = batch._replace(extras={"log_probs": acting})
    samples, _ = updating.prepare(setup, parameters(0.5), far, None, 6)
    found, metrics = updating.loss(setup, COEFFICIENTS, samples, parameters(0.5))
    assert np.isfinite(found)
    assert all(np.isfinite(value) for value in metrics.values()), metrics
