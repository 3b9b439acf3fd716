"""Log-probabilities and entropies of actions, in JAX: the distributions of `sampling`."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from faastraingym.algorithms.actor_critic.networks import Architecture, Parameters
from faastraingym.algorithms.actor_critic.sampling import ABSENT, HALF_LOG_TWO_PI, table
from faastraingym.algorithms.gsde.deviations import log_deviation

Likelihood = tuple[jax.Array, jax.Array]  # log pi(a|s) and the entropy, [N] each


def of_actions(
    architecture: Architecture, parameters: Parameters, outputs: jax.Array, actions: jax.Array
) -> Likelihood:
    """log pi(a|s) and the entropy of the policy network's outputs, [N, K]."""
    if architecture.state_dependent:
        mean, latent = jnp.split(outputs, [architecture.action_size], axis=-1)
        return gaussian(mean, log_deviation(latent, parameters["policy"]["log_std"]), actions)
    if architecture.continuous:
        return gaussian(outputs, parameters["policy"]["log_std"], actions)
    if architecture.choices:
        return multi_categorical(outputs, actions, architecture.choices)
    return bernoulli(outputs, actions) if architecture.bits else categorical(outputs, actions)


def masked(outputs: jax.Array, mask: jax.Array, bits: bool) -> jax.Array:
    """As `sampling.masked`; the gradient of what a mask forbids is 0."""
    if not bits:
        return jnp.where(mask, outputs, ABSENT)
    clear, set_ = mask[..., 0::2], mask[..., 1::2]
    return jnp.where(set_, jnp.where(clear, outputs, -ABSENT), ABSENT)


def categorical(logits: jax.Array, actions: jax.Array) -> Likelihood:
    """log softmax(logits)[a] and the entropy, both [N], of logits [N, A] and actions [N]."""
    log_probs = jax.nn.log_softmax(logits)
    chosen = jnp.take_along_axis(log_probs, actions[..., None], axis=-1)[..., 0]
    return chosen, -(jnp.exp(log_probs) * log_probs).sum(axis=-1)


def multi_categorical(outputs: jax.Array, actions: jax.Array, choices: Sequence[int]) -> Likelihood:
    """Sums over independent elements, of the logits of all in turn, [N, K], and actions [N, A]."""
    places, present = table(choices)
    log_probs, entropies = categorical(jnp.where(present, outputs[..., places], ABSENT), actions)
    return log_probs.sum(axis=-1), entropies.sum(axis=-1)


def bernoulli(logits: jax.Array, actions: jax.Array) -> Likelihood:
    """Sums over independent bits, of logits [N, A] and actions [N, A]: 0 or 1 each."""
    log_probs = -jax.nn.softplus(jnp.where(actions > 0, -logits, logits))
    entropies = jax.nn.softplus(logits) - logits * jax.nn.sigmoid(logits)
    return log_probs.sum(axis=-1), entropies.sum(axis=-1)


def gaussian(mean: jax.Array, log_std: jax.Array, actions: jax.Array) -> Likelihood:
    """log density of a diagonal Gaussian and its entropy, both [N], of means, actions [N, A].

    `log_std` is [A], or [N, A].
    """
    standardised = (actions - mean) * jnp.exp(-log_std)
    terms = -0.5 * jnp.square(standardised) - log_std - HALF_LOG_TWO_PI
    entropy = (log_std + 0.5 + HALF_LOG_TWO_PI).sum(axis=-1)
    return terms.sum(axis=-1), jnp.broadcast_to(entropy, mean.shape[:-1])
