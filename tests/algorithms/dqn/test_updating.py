"""Targets, losses and target networks by hand, of networks that are one matrix."""

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.dqn import updating
from faastraingym.algorithms.dqn.learner import METHOD
from faastraingym.algorithms.dqn.specification import DQN
from faastraingym.algorithms.dqn.updating import Setup
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy.networks import Architecture
from faastraingym.algorithms.off_policy.updating import Learnt, learn

LINEAR = Architecture(Trunk((), "relu"), outputs=2)
RATE = {"learning_rate": np.float32(0.1)}


def a_network(first: float, second: float) -> dict[str, Any]:
    """Q(s, .) = (first * s, second * s)."""
    kernel, bias = np.array([[first, second]], np.float32), np.zeros(2, np.float32)
    return {"head": {"kernel": kernel, "bias": bias}}


Q, TARGET = a_network(1.0, 2.0), a_network(5.0, 3.0)
SAMPLES: dict[str, Any] = {
    "observations": np.array([[1.0], [2.0], [7.0]], np.float32),
    "next_observations": np.array([[1.0], [2.0], [7.0]], np.float32),
    "actions": np.array([0, 1, 0], np.int32),
    "returns": np.array([0.5, 1.0, 99.0], np.float32),
    "discounts": np.array([0.9, 0.0, 0.9], np.float32),
    "valid": np.array([True, True, False]),
    "weights": np.array([1.0, 0.25, 1.0], np.float32),
}


def a_setup(**settings: Any) -> Setup:
    return Setup(DQN(hidden_sizes=(), **settings), LINEAR, 1)


def learnt(settings: DQN) -> Learnt:
    adam = updating.optimizer(settings).init(Q)
    return Learnt({"q": Q, "target": TARGET}, {"adam": adam, "steps": np.int32(0)})


@pytest.mark.parametrize(
    ("double", "expected"),
    [
        (False, 0.5 + 0.9 * 5.0),  # the target network's best action is the first
        (True, 0.5 + 0.9 * 3.0),  # the learning network's is the second
    ],
)
def test_a_target_by_hand(double: bool, expected: float) -> None:
    """The second transition terminated: its reward alone."""
    found = updating.targets(a_setup(double=double), Q, TARGET, SAMPLES)
    assert np.asarray(found)[:2].tolist() == pytest.approx([expected, 1.0])


@pytest.mark.parametrize(
    ("double", "expected"),
    [
        (False, 0.5 + 0.9 * 3.0),  # the target network's best action is not valid
        (True, 0.5 + 0.9 * 3.0),
    ],
)
def test_a_target_is_of_valid_actions_alone(double: bool, expected: float) -> None:
    """Of a terminal state, the second, none is valid: nothing is added to its reward."""
    allowed = np.array([[False, True], [False, False], [True, True]])
    samples = SAMPLES | {"next_masks": allowed}
    found = updating.targets(a_setup(double=double), Q, TARGET, samples)
    assert np.asarray(found)[:2].tolist() == pytest.approx([expected, 1.0])


def test_a_double_target_is_of_the_best_valid_action() -> None:
    """The learning network prefers the second, which is not valid: the first has 5."""
    allowed = np.array([[True, False], [True, True], [True, True]])
    samples = SAMPLES | {"next_masks": allowed}
    found = updating.targets(a_setup(double=True), Q, TARGET, samples)
    assert float(found[0]) == pytest.approx(0.5 + 0.9 * 5.0)


@given(st.integers(0, 2**32 - 1))
def test_double_is_never_more_and_the_same_where_the_networks_agree(seed: int) -> None:
    """max_a Q'(s, a) bounds Q'(s, b) for every b."""
    random = np.random.default_rng(seed)
    q, target = (a_network(*random.normal(size=2)) for _ in range(2))
    plain, double = (
        np.asarray(updating.targets(a_setup(double=d), q, target, SAMPLES)) for d in (False, True)
    )
    assert (double <= plain).all()
    same = updating.targets(a_setup(double=True), target, target, SAMPLES)
    assert np.array_equal(same, plain)


def test_the_loss_is_hubers_weighted_over_what_counts() -> None:
    """Errors 0.5 - 1 and 1 - 4: 0.5^2 / 2, and 3 - 1/2 with a weight of a quarter."""
    wanted = SAMPLES["returns"]
    total, (metrics, errors) = updating.loss(a_setup(), SAMPLES, wanted, Q)
    assert float(total) == pytest.approx((0.125 + 0.25 * 2.5) / 2)
    assert np.asarray(errors).tolist() == [-0.5, -3.0, 0.0]
    assert float(metrics["td_error"]) == pytest.approx(1.75)
    assert float(metrics["q"]) == pytest.approx(2.5)


def test_the_gradient_does_not_go_through_the_target() -> None:
    """dL/dQ alone: Huber's slope is the error, cut at 1; of the second transition -(-1) / 4."""
    setup = a_setup(max_grad_norm=1e9)
    wanted = updating.targets(setup, Q, TARGET, SAMPLES)
    gradient = jax.grad(lambda q: updating.loss(setup, SAMPLES, wanted, q)[0])(Q)
    # errors 4 and -3; s is 1 and 2
    expected = np.array([-1.0 * 1.0, 0.25 * 1.0 * 2.0]) / 2
    np.testing.assert_allclose(gradient["head"]["kernel"][0], expected, rtol=1e-6)


@pytest.mark.parametrize(("interval", "tau"), [(1, 1.0), (3, 1.0), (3, 0.25), (100, 1.0)])
def test_the_target_is_updated_every_so_many_gradient_steps(interval: int, tau: float) -> None:
    """The count goes on in the next version: here seven steps, in versions of four and three."""
    settings = DQN(hidden_sizes=(), target_update_interval=interval, tau=tau)
    setup, before = Setup(settings, LINEAR, 1), learnt(DQN(hidden_sizes=()))
    expected, q = TARGET["head"]["kernel"], before
    for step in range(1, 8):
        q, _ = updating.descend(setup, RATE, q, SAMPLES)
        if step % interval == 0:
            expected = expected + tau * (np.asarray(q.networks["q"]["head"]["kernel"]) - expected)
        np.testing.assert_allclose(q.networks["target"]["head"]["kernel"], expected, rtol=1e-5)
    stacked = {name: np.stack([values] * 7) for name, values in SAMPLES.items()}
    found = before
    for part in (slice(0, 4), slice(4, 7)):
        some = {name: values[part] for name, values in stacked.items()}
        found, _, errors = learn(METHOD, setup, found, some, RATE)
        assert errors.shape == some["actions"].shape
    np.testing.assert_allclose(found.networks["target"]["head"]["kernel"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        found.networks["q"]["head"]["kernel"], q.networks["q"]["head"]["kernel"], rtol=1e-5
    )
    assert int(found.optimizer["steps"]) == 7


def test_adams_first_step_by_hand() -> None:
    """Of the size of the learning rate, against the gradient's sign."""
    settings = DQN(hidden_sizes=())
    after, _ = updating.descend(Setup(settings, LINEAR, 1), RATE, learnt(settings), SAMPLES)
    np.testing.assert_allclose(
        after.networks["q"]["head"]["kernel"], [[1.0 + 0.1, 2.0 - 0.1]], rtol=1e-4
    )


def test_what_is_not_valid_changes_nothing() -> None:
    """Here the last of three."""
    settings = DQN(hidden_sizes=())
    setup, before = Setup(settings, LINEAR, 1), learnt(settings)
    other = {**SAMPLES, "returns": np.array([0.5, 1.0, -7.0], np.float32)}
    first, second = (updating.descend(setup, RATE, before, s)[0] for s in (SAMPLES, other))
    assert np.array_equal(*(s.networks["q"]["head"]["kernel"] for s in (first, second)))
