"""The density of a squashed and stretched Gaussian, by hand, by its integral and at its limits."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.sac import squashed


def test_a_density_by_hand() -> None:
    """u = 0.2 + 0.5 * 1 and -1 + 2 * 0.5; scales 2 and 3."""
    outputs = jnp.array([0.2, -1.0, math.log(0.5), math.log(2.0)])
    actions, log_prob = squashed.drawn(outputs, jnp.array([1.0, 0.5]), math.log(2.0 * 3.0))
    np.testing.assert_allclose(actions, [math.tanh(0.7), 0.0], atol=1e-7)
    normal = -0.5 * (1.0 + 0.25) - math.log(0.5) - math.log(2.0) - math.log(2.0 * math.pi)
    slopes = math.log(2.0 * (1.0 - math.tanh(0.7) ** 2)) + math.log(3.0 * 1.0)
    assert float(log_prob) == pytest.approx(normal - slopes, rel=1e-5)


@pytest.mark.parametrize(("mean", "std", "scale"), [(0.0, 0.5, 1.0), (0.4, 0.7, 2.0)])
def test_it_integrates_to_one_over_the_actions_of_the_environment(
    mean: float, std: float, scale: float
) -> None:
    """By the trapezoidal rule over -scale to scale; far from 1 without either correction."""
    raw = np.linspace(-7.0, 7.0, 20_001)
    noise = jnp.asarray((raw - mean) / std)[:, None]
    outputs = jnp.broadcast_to(jnp.array([mean, math.log(std)]), (len(raw), 2))
    actions, log_probs = squashed.drawn(outputs, noise, math.log(scale))
    whole = np.trapezoid(np.exp(np.float64(log_probs)), scale * np.tanh(raw))
    assert whole == pytest.approx(1.0, abs=2e-3)
    np.testing.assert_allclose(actions[:, 0], np.tanh(raw), atol=1e-5)


@given(st.floats(-6.0, 6.0))
def test_the_slope_is_that_of_tanh(raw: float) -> None:
    expected = math.log(1.0 - math.tanh(raw) ** 2)
    assert float(squashed.log_slope(jnp.float32(raw))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("raw", [-500.0, -40.0, 40.0, 500.0])
def test_it_stays_finite_where_tanh_is_flat(raw: float) -> None:
    """1 - tanh(u)^2 rounds to 0 there; its logarithm is 2 log 2 - 2 |u|."""
    value, gradient = jax.value_and_grad(squashed.log_slope)(jnp.float32(raw))
    assert float(value) == pytest.approx(2.0 * math.log(2.0) - 2.0 * abs(raw), rel=1e-6)
    assert float(gradient) == pytest.approx(-2.0 * math.copysign(1.0, raw), rel=1e-6)


def test_deviations_are_cut_to_their_limits() -> None:
    low, high = (
        squashed.drawn(jnp.array([0.0, log_std]), jnp.array([1.0]), 0.0)[0][0]
        for log_std in (-99.0, 99.0)
    )
    assert float(low) == pytest.approx(math.exp(-20.0), rel=1e-4)
    assert float(high) == pytest.approx(math.tanh(math.exp(2.0)), rel=1e-6)
