"""Masked distributions: literal numbers, NumPy against JAX, and gradients of what is forbidden."""

from functools import partial
from typing import Any

import chex
import hypothesis.extra.numpy as arrays
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.actor_critic import likelihoods, sampling
from faastraingym.algorithms.environments.space_info import SpaceInfo

INFOS = {
    "discrete": SpaceInfo(1, False, 4),
    "choices": SpaceInfo(1, False, 5, action_choices=(2, 3)),
    "bits": SpaceInfo(1, False, 2, action_bits=True),
}
LEARNT: dict[str, Any] = {
    "discrete": likelihoods.categorical,
    "choices": partial(likelihoods.multi_categorical, choices=(2, 3)),
    "bits": likelihoods.bernoulli,
}
LOGITS = {
    "discrete": [0.0, 1.0, 2.0, 3.0],
    "choices": [0.5, -0.5, 1.0, 0.0, -1.0],
    "bits": [1.0, -2.0],
}
MASKS = {
    "discrete": [1, 0, 1, 0],
    "choices": [1, 1, 0, 1, 1],
    "bits": [1, 1, 1, 0],  # the first bit is free, the second has to be 0
}
ACTIONS: dict[str, Any] = {"discrete": 2, "choices": [0, 1], "bits": [1, 0]}
# log pi(a|s) and the entropy, by hand: of logits 0 and 2; of 0.5 and -0.5, 0 and -1; of bit 1 alone
GOLDEN = {
    "discrete": (-0.126928, 0.365334),
    "choices": (-0.313262 - 0.313262, 2 * 0.582203),
    "bits": (-0.313262, 0.582203),
}


def masked(kind: str) -> tuple[np.ndarray, np.ndarray]:
    outputs, mask = np.float32([LOGITS[kind]]), np.array([MASKS[kind]], np.bool_)
    return sampling.masked(outputs, mask, INFOS[kind].action_bits), mask


def likelihood(kind: str, outputs: Any, mask: Any, actions: Any) -> likelihoods.Likelihood:
    bits = INFOS[kind].action_bits
    hidden = likelihoods.masked(jnp.asarray(outputs), jnp.asarray(mask), bits)
    return LEARNT[kind](hidden, jnp.asarray(actions))


@pytest.mark.parametrize("kind", GOLDEN)
def test_log_probabilities_are_of_the_valid_actions_alone(kind: str) -> None:
    outputs, mask = masked(kind)
    acted = np.array([ACTIONS[kind]], np.int32)
    of = sampling.distribution(INFOS[kind], {})
    np.testing.assert_allclose(of.log_prob(outputs, acted), [GOLDEN[kind][0]], atol=1e-5)
    found = likelihood(kind, [LOGITS[kind]], mask, acted)
    np.testing.assert_allclose(np.ravel(found), GOLDEN[kind], atol=1e-5)


@pytest.mark.parametrize("kind", GOLDEN)
def test_actions_are_valid_and_as_probable_as_told(kind: str) -> None:
    """Frequencies of 20,000 samples, and the mode."""
    outputs, _ = masked(kind)
    of = sampling.distribution(INFOS[kind], {})
    many = np.repeat(outputs, 20_000, axis=0)
    drawn = of.sample(many, of.noise(np.random.default_rng(0), (20_000,)))
    seen, counts = np.unique(drawn.reshape(20_000, -1), axis=0, return_counts=True)
    probable = np.exp(of.log_prob(np.repeat(outputs, len(seen), axis=0), drawn_as(kind, seen)))
    np.testing.assert_allclose(counts / 20_000, probable, atol=0.015)
    np.testing.assert_allclose(probable.sum(), 1.0, atol=1e-5)  # so no other action has any
    assert tuple(np.ravel(of.mode(outputs))) in {tuple(row) for row in seen}


def drawn_as(kind: str, seen: np.ndarray) -> np.ndarray:
    return seen[:, 0] if kind == "discrete" else seen


@pytest.mark.parametrize("kind", GOLDEN)
@given(data=st.data())
def test_gradients_of_forbidden_logits_are_0(kind: str, data: st.DataObject) -> None:
    """Of log pi(a|s) and of the entropy (Huang and Ontanon 2020, proposition 1); all finite."""
    info = INFOS[kind]
    numbers = st.floats(-20, 20, width=32)
    outputs = data.draw(arrays.arrays(np.float32, (info.action_size,), elements=numbers))
    size = 2 * info.action_size if info.action_bits else info.action_size
    mask = data.draw(arrays.arrays(np.bool_, (size,)))
    of = sampling.distribution(info, {})
    acted = of.mode(sampling.masked(outputs, mask, info.action_bits)).astype(np.int32)

    def total(logits: jax.Array) -> jax.Array:
        log_prob, entropy = likelihood(kind, logits, mask, acted)
        return log_prob.sum() + entropy.sum()

    gradient = jax.grad(total)(jnp.asarray(outputs))
    chex.assert_tree_all_finite(gradient)
    free = mask[0::2] & mask[1::2] if info.action_bits else mask
    np.testing.assert_array_equal(np.asarray(gradient)[~free], 0.0)


@given(arrays.arrays(np.bool_, (5, 5)), st.integers(0, 2**32 - 1))
def test_the_learner_reads_masks_as_the_actor_does(mask: np.ndarray, seed: int) -> None:
    outputs = np.random.default_rng(seed).normal(size=(5, 5)).astype(np.float32)
    for bits, width in ((False, 5), (True, 2)):
        part = outputs[:, :width]
        of = mask if not bits else mask[:, :4]
        ours = sampling.masked(part, of, bits)
        np.testing.assert_array_equal(np.asarray(likelihoods.masked(part, of, bits)), ours)
