"""V-trace against literal numbers, a plain Python loop, and what it comes to without a lag."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms import returns

Variant = Callable[[Any], Any]
F, T = False, True
variants = pytest.mark.parametrize("variant", [jax.jit, lambda f: f], ids=["jit", "plain"])


def column(*values: Any) -> np.ndarray:
    return np.array(values, np.bool_ if isinstance(values[0], bool) else np.float32)


def both(x: dict[str, np.ndarray], variant: Variant = lambda f: f, **changes: float) -> Any:
    """Corrections and advantages, from rewards and values on."""
    how = {"gamma": 0.9, "trace_lambda": 1.0, "rho_bar": 1.0, "c_bar": 1.0, **changes}
    deltas = returns.td_errors(
        x["rewards"], x["values"], x["next_values"], x["terminated"], how["gamma"]
    )
    ended = x["terminated"] | x["truncated"]
    found = variant(returns.vtrace)(deltas, x["ratios"], ended, x["valid"], **how)
    return tuple(np.asarray(each) for each in found)


def by_definition(x: dict[str, np.ndarray], **changes: float) -> tuple[list[float], list[float]]:
    """Remark 1 of the paper, forwards: a sum over the steps to the end of each episode.

    Time is the only axis. The transition after t is t + 1, unless an episode ended in t.
    """
    how = {"gamma": 0.9, "trace_lambda": 1.0, "rho_bar": 1.0, "c_bar": 1.0, **changes}
    steps = range(len(x["rewards"]))

    def delta(t: int) -> float:
        after = 0.0 if x["terminated"][t] else float(x["next_values"][t])
        return float(x["rewards"][t]) + how["gamma"] * after - float(x["values"][t])

    def ends(t: int) -> bool:
        return bool(x["terminated"][t] or x["truncated"][t]) or t == steps[-1]

    def correction(s: int) -> float:
        total, weight, t = 0.0, 1.0, s
        while True:
            total += weight * min(how["rho_bar"], float(x["ratios"][t])) * delta(t)
            if ends(t):
                return total
            cut = how["trace_lambda"] * min(how["c_bar"], float(x["ratios"][t]))
            weight *= how["gamma"] * cut
            t += 1

    def advantage(s: int) -> float:
        following = 0.0 if ends(s) else correction(s + 1)
        rho = min(how["rho_bar"], float(x["ratios"][s]))
        return rho * (delta(s) + how["gamma"] * how["trace_lambda"] * following)

    counts = [bool(v) for v in x["valid"]]
    return (
        [correction(t) if counts[t] else 0.0 for t in steps],
        [advantage(t) if counts[t] else 0.0 for t in steps],
    )


@variants
def test_a_stretch_worked_by_hand(variant: Variant) -> None:
    """gamma 1/2, rho_bar 2, c_bar 1, ratios 1/2, 4, 1: rho = 1/2, 2, 1 and c = 1/2, 1, 1.

    v - V from the end: 1 * 8; 2 * 4 + 1/2 * 1 * 8 = 12; 1/2 * 2 + 1/2 * 1/2 * 12 = 4.
    A: 1 * 8; 2 * (4 + 1/2 * 8) = 16; 1/2 * (2 + 1/2 * 12) = 4.
    """
    found = variant(returns.vtrace)(
        column(2, 4, 8), column(0.5, 4, 1), column(F, F, F), column(T, T, T), 0.5, 1.0, 2.0, 1.0
    )
    assert [each.tolist() for each in found] == [[4.0, 12.0, 8.0], [4.0, 16.0, 8.0]]


@variants
def test_a_truncated_episode_counts_its_final_observation(variant: Variant) -> None:
    """And nothing after it: r + gamma V(final) - V = 1 + 1/2 * 6 - 3; a terminated one only r - V.

    The reset's pseudo-transition between the episodes has neither: its numbers do not matter.
    """
    x = {
        "rewards": column(1, 99, 1, 1),
        "values": column(3, 99, 3, 3),
        "next_values": column(6, 99, 6, 6),
        "terminated": column(F, F, F, T),
        "truncated": column(T, F, F, F),
        "valid": column(T, F, T, T),
        "ratios": column(1, 99, 1, 0.5),
    }
    corrections, advantages = both(x, variant, gamma=0.5)
    assert corrections.tolist() == [1.0, 0.0, 1.0 - 0.5 * 1.0, -1.0]
    assert advantages.tolist() == [1.0, 0.0, 0.5, -1.0]


@st.composite
def stretches(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """A fragment of episodes, each followed by a reset's pseudo-transition; ratios 0 to 1000."""
    length = draw(st.integers(1, 12))
    floats = st.floats(-5, 5, width=32)

    def numbers(of: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(draw(st.lists(of, min_size=length, max_size=length)), np.float32)

    x = {name: numbers(floats) for name in ("rewards", "values", "next_values")}
    x["ratios"] = np.exp(numbers(st.floats(-7, 7, width=32)))
    flags = st.lists(st.sampled_from("nnntub"), min_size=length, max_size=length)
    kinds = np.array(draw(flags))
    valid = np.ones(length, np.bool_)
    for t in range(1, length):
        valid[t] = not (valid[t - 1] and kinds[t - 1] != "n")
    x["terminated"] = np.isin(kinds, ["t", "b"]) & valid
    x["truncated"] = np.isin(kinds, ["u", "b"]) & valid
    ended = x["terminated"] | x["truncated"]
    goes_on = np.append(~ended, False)[:-1] & (np.arange(length) < length - 1)
    x["next_values"] = np.where(goes_on, np.append(x["values"][1:], 0), x["next_values"])
    return {**x, "valid": valid, "next_values": x["next_values"].astype(np.float32)}


@given(stretches(), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 4), st.floats(0, 1))
def test_it_is_the_sum_of_its_definition(
    x: dict[str, np.ndarray], gamma: float, trace_lambda: float, rho_bar: float, share: float
) -> None:
    how = {"gamma": gamma, "trace_lambda": trace_lambda, "rho_bar": rho_bar}
    how["c_bar"] = share * rho_bar
    found, expected = both(x, **how), by_definition(x, **how)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


@given(stretches(), st.floats(0, 1), st.floats(0, 1))
def test_without_a_lag_it_is_the_generalised_advantage(
    x: dict[str, np.ndarray], gamma: float, trace_lambda: float
) -> None:
    """Ratios of 1: corrections and advantages are GAE's, so targets with lambda 1 are returns."""
    x["ratios"] = np.ones_like(x["ratios"])
    deltas = returns.td_errors(x["rewards"], x["values"], x["next_values"], x["terminated"], gamma)
    ended = x["terminated"] | x["truncated"]
    expected = returns.generalized_advantages(deltas, ended, x["valid"], gamma, trace_lambda)
    for found in both(x, gamma=gamma, trace_lambda=trace_lambda):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@given(stretches())
def test_without_a_lag_targets_are_n_step_returns(x: dict[str, np.ndarray]) -> None:
    """The rewards to the end of the episode or fragment, and the value of what follows there."""
    x["ratios"] = np.ones_like(x["ratios"])
    corrections, _ = both(x)
    for start in np.flatnonzero(x["valid"]):
        total, discount, t = 0.0, 1.0, start
        while True:
            total += discount * float(x["rewards"][t])
            discount *= 0.9
            if x["terminated"][t] or x["truncated"][t] or t == len(x["rewards"]) - 1:
                break
            t += 1
        total += 0.0 if x["terminated"][t] else discount * float(x["next_values"][t])
        assert corrections[start] + x["values"][start] == pytest.approx(total, abs=1e-3, rel=1e-4)


@given(stretches())
def test_environments_do_not_mix(x: dict[str, np.ndarray]) -> None:
    """Two side by side are as each alone."""
    backwards = {name: values[::-1].copy() for name, values in x.items()}
    pair = {name: np.stack([x[name], backwards[name]], axis=1) for name in x}
    for found, one, other in zip(both(pair), both(x), both(backwards), strict=True):
        np.testing.assert_allclose(found, np.stack([one, other], axis=1), rtol=1e-5, atol=1e-5)


def test_infinite_ratios_are_truncated() -> None:
    """exp of a large log-ratio overflows."""
    ones = np.ones(3, np.float32)
    found = returns.vtrace(ones, ones * np.inf, ones < 0, ones > 0, 0.5, 1.0, 2.0, 1.0)
    assert [each.tolist() for each in found] == [[3.5, 3.0, 2.0], [5.0, 4.0, 2.0]]
