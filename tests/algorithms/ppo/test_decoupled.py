"""The decoupled objective: which policy the ratio is to, and what the acting one's is for."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.ppo import learner
from faastraingym.algorithms.ppo.specification import PPO
from faastraingym.events.pipeline import planning
from faastraingym.schemas.specification import RunSpec

COEFFICIENTS = {"clip_coef": np.float32(0.2)}
VALID = np.array([True, True, True, True, False])
ADVANTAGES = np.array([2.0, -1.0, 1.5, -3.0, 9.0], np.float32)
PROXIMAL = np.array([1.5, 0.5, 4.0, 0.8, 1.0])  # ratio of the policy before the update to mu
MOVED = np.array([1.5, 1.5, 0.9, 0.5, 1.0])  # ratio of the policy in the update to that one
ACTING = np.array([-0.3, -1.2, -2.0, -0.7, np.nan])
SAMPLES = {
    "valid": VALID,
    "log_probs": np.float32(ACTING),
    "proximal_log_probs": np.float32(ACTING + np.log(PROXIMAL)),
}
NOW = np.float32(ACTING + np.log(PROXIMAL) + np.log(MOVED))


def loss(settings: PPO) -> tuple[float, dict[str, float]]:
    found, metrics = learner.policy_loss(
        settings, COEFFICIENTS, SAMPLES, jnp.asarray(NOW), jnp.asarray(ADVANTAGES)
    )
    return float(found), {name: float(value) for name, value in metrics.items()}


def surrogate(ratios: np.ndarray) -> np.ndarray:
    return np.minimum(ratios * ADVANTAGES, np.clip(ratios, 0.8, 1.2) * ADVANTAGES)


def test_the_clip_is_about_the_policy_before_the_update() -> None:
    """Weights 1.5, 0.5, 2 (of 4) and 0.8 times min(r A, clip(r) A), r = 1.5, 1.5, 0.9, 0.5."""
    terms = np.array([1.5 * 2.4, 0.5 * -1.5, 2.0 * 1.35, 0.8 * -2.4])
    np.testing.assert_allclose(
        terms, (np.minimum(PROXIMAL, 2.0) * surrogate(MOVED))[VALID], rtol=1e-6
    )
    found, metrics = loss(PPO(decoupled_weight_max=2.0))
    assert found == pytest.approx(-terms.mean(), rel=1e-5)
    assert metrics["clip_fraction"] == 0.75
    assert metrics["approx_kl"] == pytest.approx((MOVED - 1 - np.log(MOVED))[:4].mean(), rel=1e-5)
    assert metrics["behaviour_weight"] == pytest.approx((1.5 + 0.5 + 2.0 + 0.8) / 4, rel=1e-5)
    kl = (PROXIMAL - 1 - np.log(PROXIMAL))[:4].mean()
    assert metrics["behaviour_kl"] == pytest.approx(kl, rel=1e-5)


def test_without_the_option_the_clip_is_about_the_policy_that_acted() -> None:
    found, metrics = loss(PPO())
    assert found == pytest.approx(-surrogate(PROXIMAL * MOVED)[VALID].mean(), rel=1e-5)
    assert set(metrics) == {"approx_kl", "clip_fraction"}


@pytest.mark.parametrize("environment", ["CartPole-v1", "Pendulum-v1"])
def test_without_a_lag_it_is_ppo(environment: str, make_spec: Callable[..., RunSpec]) -> None:
    """The policy before the update acted: every weight is 1, and the steps are the same."""
    settings = {"hidden_sizes": [8], "update_epochs": 3, "normalize_observations": True}
    short = {"kwargs": {"max_episode_steps": 9}}
    spec = make_spec(environment, rollout={"num_steps": 16}, algorithm=settings, environment=short)
    algorithm = msgspec.structs.replace(spec.algorithm, decoupled_weight_max=2.0)
    decoupled = msgspec.structs.replace(spec, algorithm=algorithm)
    state = learner.initialise(spec)
    batch = [collect(spec, learner.project(state), 0, None)]
    assert not batch[0].valid.all()
    plan = planning.update_plan(spec, 0, 0, 0)
    expected: Any = learner.update(spec, state, batch, None, plan)[0]
    found, metrics = learner.update(decoupled, state, batch, None, plan)
    assert metrics["behaviour_weight"] == pytest.approx(1.0, abs=1e-5)
    for name, values in expected.parameters.items():
        np.testing.assert_allclose(found.parameters[name], values, atol=1e-5, rtol=0)
