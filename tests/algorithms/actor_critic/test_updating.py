from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from faastraingym.algorithms.actor_critic import updating
from faastraingym.algorithms.actor_critic.batches import Batch
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.ppo.learner import METHOD, optimizer
from faastraingym.algorithms.ppo.specification import PPO

F, T = False, True
LINEAR = Architecture(Trunk((), "tanh"), action_size=2, continuous=False)
SETTINGS = PPO(
    gamma=0.5, gae_lambda=0.5, num_minibatches=1, vf_coef=0.7, max_grad_norm=3e-5, hidden_sizes=()
)
SETUP = updating.Setup(METHOD, SETTINGS, LINEAR)
COEFFICIENTS = {
    name: np.float32(value)
    for name, value in (("learning_rate", 0.01), ("clip_coef", 0.1), ("ent_coef", 0.3))
}


def linear_parameters(inputs: int) -> dict[str, Any]:
    """Any policy; V(s) is the first element of s."""
    kernel = np.linspace(-0.4, 0.7, 2 * inputs, dtype=np.float32).reshape(inputs, 2)
    return {
        "policy": {"head": {"kernel": kernel, "bias": np.array([0.1, -0.2], np.float32)}},
        "value": {
            "head": {
                "kernel": np.eye(inputs, 1, dtype=np.float32),
                "bias": np.zeros(1, np.float32),
            }
        },
    }


def test_advantages_and_targets_by_hand() -> None:
    """V(s) = s, gamma and lambda 1/2; what is masked is NaN, and the observations normalised.

    The first environment is truncated, reset and terminated; the second is truncated and
    terminated with no reset between, so that nothing but the cut trace hides what follows; the
    third is reset in a terminal observation of NaN.
    """
    nan = np.nan
    normalised = np.array(
        [[1, 1, 1], [2, 2, nan], [3, 3, 2], [4, 4, 2], [5, 5, 2], [nan, 6, 2]], np.float32
    )
    batch = Batch(
        observations=(normalised / 2 + 1)[..., None],
        actions=np.zeros((5, 3), np.int32),
        extras={
            "log_probs": np.array(
                [[0, 0, 0], [0, 0, nan], [nan, 0, 0], [0, 0, 0], [0, 0, 0]], np.float32
            )
        },
        rewards=np.array([[1, 0, 0], [1, 0, nan], [nan, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32),
        terminated=np.array([[F, F, T], [F, F, F], [F, F, F], [F, T, F], [T, F, F]]),
        truncated=np.array([[F, T, F], [T, F, F], [F, F, F], [F, F, F], [F, F, F]]),
        valid=np.array([[T, T, T], [T, T, F], [F, T, T], [T, T, T], [T, T, T]]),
    )
    moments = (jnp.array([1.0]), jnp.array([2.0]))
    samples, explained = updating.prepare(SETUP, linear_parameters(1), batch, moments, 15)
    advantages = np.array(
        [[1.125, 0, -1], [0.5, -1, 0], [0, -2, -1.3125], [-1.5, -4, -1.25], [-4, -2, -1]]
    )
    np.testing.assert_allclose(samples["advantages"].reshape(5, 3), advantages, rtol=1e-6)
    values = normalised[:-1]
    targets = (advantages + values)[batch.valid]
    found = samples["targets"].reshape(5, 3)[batch.valid]
    np.testing.assert_allclose(found, targets, rtol=1e-6)
    np.testing.assert_allclose(
        samples["observations"][:, 0].reshape(5, 3)[batch.valid], values[batch.valid], rtol=1e-6
    )
    expected = 1 - (targets - values[batch.valid]).var() / targets.var()
    np.testing.assert_allclose(explained, expected, rtol=1e-5)
    assert all(np.isfinite(part).all() for part in samples.values())


def minibatch() -> dict[str, np.ndarray]:
    """Five samples, the last not valid; ratios on both sides of the clip range and within it."""
    return {
        "observations": np.array([[1, 2], [-1, 0.5], [0.3, -2], [2, 1], [0, 0]], np.float32),
        "actions": np.array([0, 1, 1, 0, 0], np.int32),
        "log_probs": np.array([-1.6, -0.2, -1.9, -1.2, 0.0], np.float32),
        "advantages": np.array([2.0, -1.0, 0.5, 3.0, 0.0], np.float32),
        "targets": np.array([0.5, 2.0, -1.0, 1.0, 9.0], np.float32),
        "valid": np.array([T, T, T, T, F]),
    }


def numpy_loss(flat: np.ndarray) -> float:
    """PPO's loss, in float64, of kernel [2, 2], bias [2] and value kernel [2], bias [1]."""
    x = {name: values[:4].astype(np.float64) for name, values in minibatch().items()}
    logits = x["observations"] @ flat[:4].reshape(2, 2) + flat[4:6]
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    chosen = log_probs[np.arange(4), x["actions"].astype(int)]
    ratio = np.exp(chosen - x["log_probs"])
    advantages = (x["advantages"] - x["advantages"].mean()) / x["advantages"].std()
    clipped = np.clip(ratio, 0.9, 1.1)
    policy_loss = -np.minimum(ratio * advantages, clipped * advantages).mean()
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=1).mean()
    values = x["observations"] @ flat[6:8] + flat[8]
    value_loss = np.square(values - x["targets"]).mean()
    return float(policy_loss - 0.3 * entropy + 0.7 * value_loss)


def as_vector(parameters: dict[str, Any]) -> np.ndarray:
    heads = [parameters[name]["head"] for name in ("policy", "value")]
    parts = [np.ravel(head[name]) for head in heads for name in ("kernel", "bias")]
    return np.concatenate(parts).astype(np.float64)


def test_one_step_is_the_reference_s() -> None:
    """Central differences, the clipped norm, then Adam's first step: rate g / (|g| + epsilon)."""
    before = linear_parameters(2)
    at = as_vector(before)
    steps = 1e-6 * np.eye(len(at))
    gradient = np.array([(numpy_loss(at + h) - numpy_loss(at - h)) / 2e-6 for h in steps])
    norm = np.linalg.norm(gradient)
    clipped = gradient * min(1.0, 3e-5 / norm)
    expected = at - 0.01 * clipped / (np.abs(clipped) + 1e-5)
    carry = (before, optimizer(SETTINGS).init(before))
    (after, _), metrics = updating.descend(SETUP, COEFFICIENTS, carry, minibatch())
    np.testing.assert_allclose(metrics["grad_norm"], norm, rtol=1e-4)
    assert 0.0 < metrics["clip_fraction"] < 1.0
    np.testing.assert_allclose(as_vector(after), expected, atol=1e-6)
    assert np.median(np.abs(expected - at)) > 1e-4


def test_a_minibatch_without_a_valid_sample_moves_nothing() -> None:
    """Neither the parameters nor Adam's moments and count."""
    before = linear_parameters(2)
    first = (before, optimizer(SETTINGS).init(before))
    carry, _ = updating.descend(SETUP, COEFFICIENTS, first, minibatch())
    nothing = {**minibatch(), "valid": np.zeros(5, np.bool_)}
    after, metrics = updating.descend(SETUP, COEFFICIENTS, carry, nothing)
    for one, other in zip(jax.tree.leaves(carry), jax.tree.leaves(after), strict=True):
        assert np.array_equal(one, other)
    assert metrics["value_loss"] == 0.0


@pytest.fixture
def batch() -> Batch:
    """Random transitions, [5, 2], one of them not valid."""
    random = np.random.default_rng(1)
    valid = np.ones((5, 2), np.bool_)
    valid[2, 1] = False
    return Batch(
        observations=random.normal(size=(6, 2, 2)).astype(np.float32),
        actions=random.integers(0, 2, (5, 2)).astype(np.int32),
        extras={"log_probs": np.full((5, 2), -0.7, np.float32)},
        rewards=random.normal(size=(5, 2)).astype(np.float32),
        terminated=np.zeros((5, 2), np.bool_),
        truncated=~valid,
        valid=valid,
    )


def test_an_update_is_epochs_of_steps(batch: Batch) -> None:
    """`learn` is its parts in turn; metrics are weighted by the valid samples of a minibatch."""
    settings = msgspec.structs.replace(SETTINGS, num_minibatches=2, update_epochs=2)
    setup = updating.Setup(METHOD, settings, LINEAR)
    parameters = linear_parameters(2)
    minibatches = METHOD.minibatches(settings, np.random.default_rng(5), batch.valid)
    state = optimizer(settings).init(parameters)
    run: Callable[..., Any] = updating.learn
    found, _, metrics = run(setup, parameters, state, batch, None, COEFFICIENTS, minibatches)
    samples, _ = updating.prepare(setup, parameters, batch, None, 10)
    carry, losses, counts = (parameters, state), [], []
    for indices in np.concatenate(minibatches):
        chosen = {name: values[indices] for name, values in samples.items()}
        carry, each = updating.descend(setup, COEFFICIENTS, carry, chosen)
        losses.append(float(each["value_loss"]))
        counts.append(int(chosen["valid"].sum()))
    assert sorted(counts) == [4, 4, 5, 5]
    np.testing.assert_allclose(as_vector(found), as_vector(carry[0]), atol=1e-6)
    expected = np.average(losses, weights=counts)
    np.testing.assert_allclose(metrics["value_loss"], expected, rtol=1e-5)
