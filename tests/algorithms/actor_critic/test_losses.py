from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from faastraingym.algorithms.actor_critic import losses

pytestmark = pytest.mark.parametrize("variant", [jax.jit, lambda f: f], ids=["jit", "plain"])
Variant = Callable[[Any], Any]
ALL = jnp.array([True, True])


def test_samples_that_are_not_valid_change_nothing(variant: Variant) -> None:
    """Every term is the same with a masked, absurd sample as without it."""
    x, y = jnp.array([0.1, -0.3]), jnp.array([1.0, 2.5])
    wide_x, wide_y = jnp.append(x, 50.0), jnp.append(y, -1e9)
    mask = jnp.array([True, True, False])
    for term in (losses.value_loss, losses.explained_variance):
        run = variant(term)
        np.testing.assert_allclose(run(wide_x, wide_y, mask), run(x, y, ALL), 1e-6)
    run = variant(losses.normalized)
    np.testing.assert_allclose(run(wide_y, mask)[:2], run(y, ALL), 1e-6)


def test_normalized_by_hand(variant: Variant) -> None:
    """1 and 5 have mean 3 and deviation 2; a masked 100 has no part in it."""
    found = variant(losses.normalized)(jnp.array([1.0, 100.0, 5.0]), jnp.array([True, False, True]))
    np.testing.assert_allclose([found[0], found[2]], [-1.0, 1.0], rtol=1e-6)


def test_an_all_masked_minibatch_is_worth_nothing(variant: Variant) -> None:
    """0, not NaN."""
    none = jnp.array([False, False])
    assert float(variant(losses.masked_mean)(jnp.array([1.0, 2.0]), none)) == 0.0


def test_explained_variance_of_the_extremes(variant: Variant) -> None:
    """1 for perfect values, 0 for a constant."""
    targets = jnp.array([1.0, 3.0])
    assert float(variant(losses.explained_variance)(targets, targets, ALL)) == 1.0
    assert float(variant(losses.explained_variance)(jnp.array([7.0, 7.0]), targets, ALL)) == 0.0


def test_explained_variance_has_no_floor(variant: Variant) -> None:
    """Small targets count as large ones do; targets that do not vary leave nothing to explain."""
    run, targets = variant(losses.explained_variance), 1e-6 * jnp.array([1.0, 3.0])
    np.testing.assert_allclose(run(0.5 * targets, targets, ALL), 0.75, rtol=1e-5)
    assert float(run(jnp.array([1.0, 2.0]), jnp.array([4.0, 4.0]), ALL)) == 0.0
