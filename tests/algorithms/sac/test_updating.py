"""One gradient step beside the same by hand, of networks that are one matrix."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy.updating import Learnt, Step
from faastraingym.algorithms.sac import updating
from faastraingym.algorithms.sac.networks import Shapes
from faastraingym.algorithms.sac.specification import SAC
from faastraingym.algorithms.sac.updating import Setup

RATE, LOG_SCALE = 0.01, math.log(2.0)
SAMPLES: dict[str, Any] = {
    "observations": np.array([[1.0], [-0.5], [7.0]], np.float32),
    "next_observations": np.array([[0.5], [2.0], [7.0]], np.float32),
    "actions": np.array([[0.25], [-0.75], [0.0]], np.float32),
    "returns": np.array([0.5, 1.0, 99.0], np.float32),
    "discounts": np.array([0.9, 0.0, 0.9], np.float32),
    "valid": np.array([True, True, False]),
    "weights": np.array([1.0, 0.25, 1.0], np.float32),
    "noise": np.array([[0.3], [-1.2], [5.0]], np.float32),
    "next_noise": np.array([[-0.6], [0.8], [5.0]], np.float32),
}
POLICY = np.array([[0.4, -0.7]])  # mean and log deviation of u are these times s
CRITICS = {"critic_0": np.array([[1.0], [2.0]]), "critic_1": np.array([[1.5], [-1.0]])}
TARGETS = {"target_0": np.array([[0.5], [1.0]]), "target_1": np.array([[-0.5], [3.0]])}


def a_network(kernel: np.ndarray) -> dict[str, Any]:
    return {"head": {"kernel": kernel.astype("f4"), "bias": np.zeros(kernel.shape[1], "f4")}}


def a_setup(**settings: Any) -> Setup:
    chosen = SAC(hidden_sizes=(), **{"tau": 0.25, **settings})
    return Setup(chosen, Shapes(Trunk((), "relu"), 1, 1), LOG_SCALE, LOG_SCALE - 1.0)


def learnt(setup: Setup, log_alpha: float = math.log(0.2)) -> Learnt:
    networks = {n: a_network(k) for n, k in {"policy": POLICY, **CRITICS, **TARGETS}.items()}
    adam = updating.optimizer(setup.settings)
    states: dict[str, Any] = {
        "policy": adam.init(networks["policy"]),
        "critics": adam.init({name: networks[name] for name in CRITICS}),
        "steps": np.int32(0),
    }
    if setup.settings.learns_ent_coef:
        networks["ent_coef"] = {"log": np.float32(log_alpha)}
        states["ent_coef"] = adam.init(networks["ent_coef"])
    return Learnt(networks, states)


def descend(setup: Setup, before: Learnt, samples: dict[str, Any] = SAMPLES) -> Step:
    return updating.descend(setup, {"learning_rate": np.float32(RATE)}, before, samples)


class Drawn(NamedTuple):
    """What the policy draws in two states, by hand."""

    raw: np.ndarray
    std: np.ndarray
    actions: np.ndarray
    log_probs: np.ndarray


def drawn(states: np.ndarray, noise: np.ndarray) -> Drawn:
    mean, log_std = states * POLICY[0, 0], states * POLICY[0, 1]
    std = np.exp(log_std)
    raw = mean + std * noise
    normal = -0.5 * noise**2 - log_std - 0.5 * math.log(2.0 * math.pi)
    return Drawn(raw, std, np.tanh(raw), normal - np.log(2.0 * (1.0 - np.tanh(raw) ** 2)))


def q(kernel: np.ndarray, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    return kernel[0, 0] * states + kernel[1, 0] * actions


def column(name: str) -> np.ndarray:
    """Of the two samples that are valid, [2] float64."""
    return np.float64(SAMPLES[name][:2]).reshape(2)


def wanted(alpha: float) -> np.ndarray:
    """R + gamma^m (min Q' - alpha log pi)."""
    later = column("next_observations")
    act = drawn(later, column("next_noise"))
    least = np.minimum(*(q(kernel, later, act.actions) for kernel in TARGETS.values()))
    return column("returns") + column("discounts") * (least - alpha * act.log_probs)


def critic_gradients(alpha: float) -> dict[str, np.ndarray]:
    """The mean of w (Q - y) [s, a]."""
    states, actions = column("observations"), column("actions")
    inputs, weights = np.stack([states, actions]), column("weights")
    return {
        name: (weights * (q(kernel, states, actions) - wanted(alpha)) * inputs).mean(axis=1)
        for name, kernel in CRITICS.items()
    }


def policy_gradient(alpha: float) -> np.ndarray:
    """Of alpha log pi - min Q by critics after Adam's first step, which is of the size of the rate.

    d log pi / du = 2 tanh u, d log pi / d log std = -1 + 2 tanh(u) std n, da/du = 1 - tanh(u)^2.
    """
    states, noise = column("observations"), column("noise")
    moved = [
        kernel - RATE * np.sign(critic_gradients(alpha)[name])[:, None]
        for name, kernel in CRITICS.items()
    ]
    act = drawn(states, noise)
    scores = np.stack([q(kernel, states, act.actions) for kernel in moved])
    slopes = np.array([kernel[1, 0] for kernel in moved])[scores.argmin(axis=0)]
    by_raw = alpha * 2.0 * act.actions - slopes * (1.0 - act.actions**2)
    by_log_std = -alpha + by_raw * act.std * noise
    return np.array([(by_raw * states).mean(), (by_log_std * states).mean()])


def gradient(state: Any) -> Any:
    """Of a first step: Adam's first moment is a tenth of it."""
    return state.mu


def test_a_target_by_hand() -> None:
    """Of the second transition, which terminated, its reward alone."""
    setup = a_setup()
    found = updating.targets(setup, learnt(setup).networks, np.float32(0.2), SAMPLES)
    np.testing.assert_allclose(np.asarray(found)[:2], wanted(0.2), rtol=1e-5)
    assert found[1] == 1.0


@pytest.mark.parametrize("fixed", [None, 0.5])
def test_one_step_by_hand(fixed: float | None) -> None:
    """Gradients of critics and policy; parameters move by the rate against their sign."""
    setup = a_setup() if fixed is None else a_setup(ent_coef=fixed)
    alpha = 0.2 if fixed is None else fixed
    after, (metrics, errors) = descend(setup, learnt(setup))
    for name, expected in critic_gradients(alpha).items():
        found = 10.0 * gradient(after.optimizer["critics"])[name]["head"]["kernel"][:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    found = 10.0 * gradient(after.optimizer["policy"])["head"]["kernel"][0]
    np.testing.assert_allclose(found, policy_gradient(alpha), rtol=1e-4)
    moved = POLICY[0] - RATE * np.sign(policy_gradient(alpha))
    np.testing.assert_allclose(after.networks["policy"]["head"]["kernel"][0], moved, rtol=1e-4)
    assert float(metrics["ent_coef"]) == pytest.approx(alpha)
    sizes = [
        np.abs(q(k, column("observations"), column("actions")) - wanted(alpha))
        for k in CRITICS.values()
    ]
    np.testing.assert_allclose(errors[:2], np.mean(sizes, axis=0), rtol=1e-4)
    assert errors[2] == 0.0


def test_alpha_is_learnt_for_the_entropy_that_is_wanted() -> None:
    """Its gradient is the surplus of entropy; it falls where there is more than wanted."""
    setup = a_setup()
    entropy = -drawn(column("observations"), column("noise")).log_probs.mean()
    after, (metrics, _) = descend(setup, learnt(setup))
    assert float(metrics["entropy"]) == pytest.approx(entropy, rel=1e-5)
    surplus = entropy - (LOG_SCALE - 1.0)
    found = 10.0 * float(gradient(after.optimizer["ent_coef"])["log"])
    assert found == pytest.approx(surplus, rel=1e-4)
    for target, sign in ((entropy - 0.5, -1.0), (entropy + 0.5, 1.0)):
        other = setup._replace(target_entropy=target)
        log = descend(other, learnt(other))[0].networks["ent_coef"]["log"]
        assert float(log) == pytest.approx(math.log(0.2) + sign * RATE, rel=1e-4)


def test_a_fixed_alpha_is_not_in_the_state() -> None:
    setup = a_setup(ent_coef=0.5)
    after, _ = descend(setup, learnt(setup))
    assert "ent_coef" not in {*after.networks, *after.optimizer}


@pytest.mark.parametrize(("interval", "turns"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4])])
def test_targets_follow_their_own_critics_by_tau(interval: int, turns: list[int]) -> None:
    setup = a_setup(target_update_interval=interval)
    state = learnt(setup)
    expected = dict(TARGETS)
    for step in range(1, 6):
        state, _ = descend(setup, state)
        for target, critic in zip(TARGETS, CRITICS, strict=True):
            new = np.asarray(state.networks[critic]["head"]["kernel"])
            if step in turns:
                expected[target] = expected[target] + 0.25 * (new - expected[target])
            found = state.networks[target]["head"]["kernel"]
            np.testing.assert_allclose(found, expected[target], rtol=1e-5)
    assert int(state.optimizer["steps"]) == 5


def test_what_is_not_valid_changes_nothing() -> None:
    """Here the last of three."""
    setup = a_setup()
    others = {n: v.copy() for n, v in SAMPLES.items()}
    for name in ("returns", "noise", "next_noise", "actions"):
        others[name][2] = 3.0
    first, second = (descend(setup, learnt(setup), s)[0] for s in (SAMPLES, others))
    for name in first.networks:
        if name != "ent_coef":
            kernels = (each.networks[name]["head"]["kernel"] for each in (first, second))
            assert np.array_equal(*kernels), name
    assert first.networks["ent_coef"]["log"] == second.networks["ent_coef"]["log"]


def test_gradients_are_cut_where_that_is_asked() -> None:
    """To a norm of 1e-3; Adam undoes a factor, so its first moment shows it."""
    setup = a_setup(max_grad_norm=1e-3)
    after, _ = descend(setup, learnt(setup))
    for name in ("policy", "critics"):
        state = gradient(after.optimizer[name][1])
        kernels = [np.ravel(leaf) for leaf in _leaves(state)]
        assert np.linalg.norm(np.concatenate(kernels)) == pytest.approx(1e-4, rel=1e-3)


def _leaves(tree: Any) -> list[np.ndarray]:
    found = [_leaves(each) for each in tree.values()] if isinstance(tree, dict) else [[tree]]
    return [np.asarray(leaf) for part in found for leaf in part]
