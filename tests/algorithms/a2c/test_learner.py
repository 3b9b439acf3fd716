from typing import Any

import numpy as np
import pytest

from faastraingym.algorithms.a2c.learner import METHOD
from faastraingym.algorithms.a2c.specification import A2C
from faastraingym.algorithms.actor_critic import updating
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actor_critic.single_step import whole_batch
from faastraingym.algorithms.networks.description import Trunk

LINEAR = Architecture(Trunk((), "tanh"), action_size=2, continuous=False)
SETTINGS = A2C(hidden_sizes=(), vf_coef=0.7, max_grad_norm=1e9)
COEFFICIENTS = {"learning_rate": np.float32(0.01), "ent_coef": np.float32(0.3)}
SAMPLES = {
    "observations": np.array([[1.0], [-2.0], [9.0]], np.float32),
    "actions": np.array([0, 1, 0], np.int32),
    "advantages": np.array([2.0, -1.0, 9.0], np.float32),
    "targets": np.array([1.5, -1.0, 9.0], np.float32),
    "valid": np.array([True, True, False]),
}


def parameters(policy: np.ndarray, value: float) -> dict[str, Any]:
    """A policy [1, 2] without biases that are not 0; V(s) is `value` times s."""
    bias = np.zeros(2, np.float32)
    return {
        "policy": {"head": {"kernel": policy.astype(np.float32), "bias": bias}},
        "value": {"head": {"kernel": np.float32([[value]]), "bias": bias[:1]}},
    }


def by_hand(policy: np.ndarray, value: float) -> float:
    """The loss in float64 of the two samples that count."""
    x, advantages = np.array([[1.0], [-2.0]]), np.array([2.0, -1.0])
    logits = x @ policy
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    policy_loss = -(log_probs[[0, 1], [0, 1]] * advantages).mean()
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=1).mean()
    value_loss = np.square(value * x[:, 0] - np.array([1.5, -1.0])).mean()
    return float(policy_loss - 0.3 * entropy + 0.7 * value_loss)


def test_the_loss_by_hand() -> None:
    policy = np.array([[0.4, -0.3]])
    setup = updating.Setup(METHOD, SETTINGS, LINEAR)
    found, metrics = updating.loss(setup, COEFFICIENTS, SAMPLES, parameters(policy, 0.5))
    assert float(found) == pytest.approx(by_hand(policy, 0.5), rel=1e-5)
    assert float(metrics["value_loss"]) == pytest.approx((1.0**2 + 0.0) / 2)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_the_first_step_of_each_optimizer_by_hand(optimizer: str) -> None:
    """RMSProp: g / sqrt(0.99 + 0.01 g^2 + 1e-5), as it begins at 1. Adam: g / (|g| + 1e-5)."""
    policy = np.array([[0.4, -0.3]])
    h = 1e-6 * np.array([[1.0, 0.0]])
    gradient = (by_hand(policy + h, 0.5) - by_hand(policy - h, 0.5)) / 2e-6
    scaled = {
        "rmsprop": gradient / np.sqrt(0.99 + 0.01 * gradient**2 + 1e-5),
        "adam": gradient / (abs(gradient) + 1e-5),
    }
    settings = A2C(hidden_sizes=(), vf_coef=0.7, max_grad_norm=1e9, optimizer=optimizer)  # type: ignore[arg-type]
    before = parameters(policy, 0.5)
    setup = updating.Setup(METHOD, settings, LINEAR)
    carry = (before, METHOD.optimizer(settings).init(before))
    (after, _), _ = updating.descend(setup, COEFFICIENTS, carry, SAMPLES)
    moved = float(after["policy"]["head"]["kernel"][0, 0]) - 0.4
    assert moved == pytest.approx(-0.01 * scaled[optimizer], rel=1e-3)


def test_one_step_takes_each_sample_once() -> None:
    valid = np.ones((5, 3), np.bool_)
    indices = whole_batch(SETTINGS, np.random.default_rng(1), valid)
    assert indices.shape == (1, 1, 15)
    assert sorted(indices.ravel()) == list(range(15))
