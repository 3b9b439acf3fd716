from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from faastraingym.algorithms import returns

pytestmark = pytest.mark.parametrize("variant", [jax.jit, lambda f: f], ids=["jit", "plain"])
Variant = Callable[[Any], Any]
F, T = False, True


def column(*values: Any) -> np.ndarray:
    return np.array(values, np.bool_ if isinstance(values[0], bool) else np.float32)


def test_td_errors_bootstrap_on_truncation_only(variant: Variant) -> None:
    """A terminal successor is worth 0; a truncated episode's final observation keeps its value."""
    found = variant(returns.td_errors)(
        rewards=column(1, 1, 1, 1),
        values=column(10, 10, 10, 10),
        next_values=column(4, 4, 4, 4),
        # neither, terminated, truncated (nothing to say here), both: terminated wins
        terminated=column(F, T, F, T),
        gamma=0.5,
    )
    assert found.tolist() == [-7.0, -9.0, -7.0, -9.0]


def test_advantages_worked_by_hand(variant: Variant) -> None:
    """With gamma lambda = 1/2: 4, 2 + 4/2, 1 + 4/2, and no trace over an end."""
    found = variant(returns.generalized_advantages)(
        column(1, 2, 4, 8), column(F, F, T, F), column(T, T, T, T), 1.0, 0.5
    )
    assert found.tolist() == [3.0, 4.0, 4.0, 8.0]


def test_a_reset_carries_nothing_across(variant: Variant) -> None:
    """The pseudo-transition has no advantage, and no other advantage depends on its numbers."""
    ended, valid = column(F, T, F, F), column(T, T, F, T)
    run = variant(returns.generalized_advantages)
    found = run(column(1, 2, 1e6, 8), ended, valid, 0.9, 0.9)
    other = run(column(1, 2, -5.0, 8), ended, valid, 0.9, 0.9)
    assert found.tolist() == other.tolist()
    np.testing.assert_allclose(found, [1 + 0.81 * 2, 2, 0, 8], rtol=1e-6)


def example() -> dict[str, np.ndarray]:
    """A random stretch with one termination and one truncation, each before a reset."""
    random = np.random.default_rng(0)
    rewards, values, next_values = random.normal(size=(3, 9)).astype(np.float32)
    flags = {name: np.zeros(9, np.bool_) for name in ("terminated", "truncated")}
    flags["terminated"][2] = flags["truncated"][6] = True
    valid = np.ones(9, np.bool_)
    valid[[3, 7]] = False
    next_values[:-1] = np.where((flags["terminated"] | flags["truncated"])[:-1], 5.0, values[1:])
    x = {"rewards": rewards, "values": values, "next_values": next_values}
    return {**x, **flags, "valid": valid}


def estimate(variant: Variant, x: dict[str, np.ndarray], gae_lambda: float) -> np.ndarray:
    deltas = variant(returns.td_errors)(
        x["rewards"], x["values"], x["next_values"], x["terminated"], 0.9
    )
    ended = x["terminated"] | x["truncated"]
    run = variant(returns.generalized_advantages)
    return np.asarray(run(deltas, ended, x["valid"], 0.9, gae_lambda))


def test_lambda_0_is_the_td_error(variant: Variant) -> None:
    """Without a trace the advantage is r + gamma V' - V, V' = 0 after a termination."""
    x = example()
    expected = x["rewards"] + 0.9 * x["next_values"] * ~x["terminated"] - x["values"]
    np.testing.assert_allclose(estimate(variant, x, 0.0), expected * x["valid"], rtol=1e-5)


def test_lambda_1_is_the_discounted_return_less_the_value(variant: Variant) -> None:
    """Returns are summed to the end of the episode, then bootstrapped where it was truncated."""
    x = example()
    found = estimate(variant, x, 1.0) + x["values"]
    r, v = x["rewards"], x["next_values"]
    expected = {
        0: r[0] + 0.9 * r[1] + 0.81 * r[2],  # terminated
        4: r[4] + 0.9 * r[5] + 0.81 * r[6] + 0.729 * v[6],  # truncated
        8: r[8] + 0.9 * v[8],  # the rollout's end
    }
    for t, value in expected.items():
        np.testing.assert_allclose(found[t], value, rtol=1e-5)
