from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from faastraingym.algorithms.actor_critic.losses import approximate_kl
from faastraingym.algorithms.ppo import learner

pytestmark = pytest.mark.parametrize("variant", [jax.jit, lambda f: f], ids=["jit", "plain"])
Variant = Callable[[Any], Any]
ALL = jnp.array([True, True])


def test_the_surrogate_is_clipped_on_the_pessimistic_side(variant: Variant) -> None:
    """Ratio 2 counts as 1.2 for a good action and as 2 for a bad one; ratio 1/2 the other way."""
    run = variant(learner.clipped_surrogate_loss)
    grown, shrunk = jnp.log(jnp.array([2.0, 2.0])), jnp.log(jnp.array([0.5, 0.5]))
    advantages = jnp.array([1.0, -1.0])
    np.testing.assert_allclose(run(grown, advantages, ALL, 0.2), -(1.2 - 2.0) / 2, rtol=1e-6)
    np.testing.assert_allclose(run(shrunk, advantages, ALL, 0.2), -(0.5 - 0.8) / 2, rtol=1e-6)


def test_samples_that_are_not_valid_change_nothing(variant: Variant) -> None:
    """Every term is the same with a masked, absurd sample as without it."""
    x, y = jnp.array([0.1, -0.3]), jnp.array([1.0, 2.5])
    wide_x, wide_y = jnp.append(x, 50.0), jnp.append(y, -1e9)
    mask = jnp.array([True, True, False])
    run = variant(learner.clipped_surrogate_loss)
    np.testing.assert_allclose(run(wide_x, wide_y, mask, 0.2), run(x, y, ALL, 0.2), 1e-6)
    for term, more in ((approximate_kl, ()), (learner.clip_fraction, (0.2,))):
        run = variant(term)
        np.testing.assert_allclose(run(wide_x, mask, *more), run(x, ALL, *more), 1e-6)


def test_kl_and_clip_fraction_by_hand(variant: Variant) -> None:
    """Ratios 1 and 2: (2 - 1 - log 2) / 2, and one of two is outside 0.2."""
    log_ratio = jnp.log(jnp.array([1.0, 2.0]))
    expected = (1.0 - np.log(2.0)) / 2
    np.testing.assert_allclose(variant(approximate_kl)(log_ratio, ALL), expected, rtol=1e-6)
    assert float(variant(learner.clip_fraction)(log_ratio, ALL, 0.2)) == 0.5
