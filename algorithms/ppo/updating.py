"""One compiled update: advantages, then epochs of minibatches."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from faastraingym.algorithms import returns
from faastraingym.algorithms.ppo import losses, networks
from faastraingym.algorithms.ppo.batches import Batch
from faastraingym.algorithms.ppo.networks import Architecture, Parameters
from faastraingym.schemas.specification import PPO

ADAM_EPSILON = 1e-5
Samples = dict[str, jax.Array]  # [N, ...] each
Coefficients = dict[str, jax.Array]  # what the schedule anneals: data, so nothing is recompiled
Metrics = dict[str, jax.Array]
Update = Callable[..., tuple[Parameters, Any, Metrics]]


def optimizer(settings: PPO) -> optax.GradientTransformation:
    """Adam behind a global norm clip; its output is scaled by the annealed learning rate."""
    return optax.chain(
        optax.clip_by_global_norm(settings.max_grad_norm), optax.scale_by_adam(eps=ADAM_EPSILON)
    )


@functools.lru_cache(maxsize=16)
def make_update(settings: PPO, architecture: Architecture) -> Update:
    """`learn` of one run, compiled for each shape of batch that it meets.

    The function takes what `learn` takes after its first two arguments, and donates the
    parameters and the optimizer's state.
    """
    function = functools.partial(learn, settings, architecture)
    compiled: Update = jax.jit(function, donate_argnums=(0, 1))
    return compiled


def learn(
    settings: PPO,
    architecture: Architecture,
    parameters: Parameters,
    state: Any,
    batch: Batch,
    moments: tuple[jax.Array, jax.Array] | None,
    coefficients: Coefficients,
    hands: jax.Array,
) -> tuple[Parameters, Any, Metrics]:
    """Epochs of minibatches over one batch.

    Args:
        settings: the algorithm's.
        architecture: of the networks.
        parameters: of the version that collected the batch.
        state: the optimizer's.
        batch: transitions, [T, B].
        moments: mean and 1 / deviation of observations, [O] each; none: not normalised.
        coefficients: learning_rate, clip_coef, ent_coef of this update.
        hands: the samples of each minibatch, [epochs, minibatches, samples] (`dealing.deal`).

    Returns:
        New parameters, new optimizer state, and metrics averaged over all minibatches, each
        weighted by its valid samples.
    """
    samples, explained = prepare(settings, architecture, parameters, batch, moments)

    def minibatch(carry: Any, indices: jax.Array) -> tuple[Any, tuple[Metrics, jax.Array]]:
        chosen = {name: values[indices] for name, values in samples.items()}
        carry, metrics = descend(settings, architecture, coefficients, carry, chosen)
        return carry, (metrics, chosen["valid"].sum())

    flat = hands.reshape(-1, hands.shape[-1])
    (parameters, state), (metrics, counts) = jax.lax.scan(minibatch, (parameters, state), flat)
    weights = counts / jnp.maximum(counts.sum(), 1)
    means = {name: (values * weights).sum() for name, values in metrics.items()}
    return parameters, state, {**means, "explained_variance": explained}


def prepare(
    settings: PPO,
    architecture: Architecture,
    parameters: Parameters,
    batch: Batch,
    moments: tuple[jax.Array, jax.Array] | None,
) -> tuple[Samples, jax.Array]:
    """Flat samples with advantages and value targets, and the explained variance before learning.

    N is T x B, rounded up to a multiple of the number of minibatches by invalid samples. What has
    no part in the loss is zeroed before it enters a network: a NaN that is masked after it would
    still have a NaN for its gradient.
    """
    valid, terminated = jnp.asarray(batch.valid), jnp.asarray(batch.terminated)
    ended = jnp.logical_or(terminated, batch.truncated)
    nothing = jnp.zeros_like(valid[:1])
    seen = jnp.concatenate([valid, nothing]) | jnp.concatenate([nothing, valid & ~terminated])
    observations = _zeroed(batch.observations, seen)
    if moments is not None:
        mean, scale = moments
        observations = jnp.clip((observations - mean) * scale, -10.0, 10.0)
    all_values = networks.state_values(architecture, parameters, observations)
    values, next_values = all_values[:-1], all_values[1:]
    rewards = _zeroed(batch.rewards, valid)
    deltas = returns.td_errors(rewards, values, next_values, terminated, settings.gamma)
    advantages = returns.generalized_advantages(
        deltas, ended, valid, settings.gamma, settings.gae_lambda
    )
    targets = advantages + values
    samples = {
        "observations": observations[:-1],
        "actions": _zeroed(batch.actions, valid),
        "log_probs": _zeroed(batch.log_probs, valid),
        "advantages": advantages,
        "targets": targets,
        "valid": valid,
    }
    explained = losses.explained_variance(values, targets, valid)
    return {k: _flat(v, settings.num_minibatches) for k, v in samples.items()}, explained


def _zeroed(values: Any, kept: jax.Array) -> jax.Array:
    """`values`, [T, B, ...], and 0 where `kept`, [T, B], is false."""
    return jnp.where(kept.reshape(kept.shape + (1,) * (values.ndim - 2)), values, 0)


def _flat(array: Any, multiple: int) -> jax.Array:
    """[T, B, ...] -> [N, ...], padded with zeros (so: not valid) to a multiple."""
    flat = jnp.reshape(array, (-1, *array.shape[2:]))
    return jnp.pad(flat, [(0, -len(flat) % multiple)] + [(0, 0)] * (flat.ndim - 1))


def descend(
    settings: PPO,
    architecture: Architecture,
    coefficients: Coefficients,
    carry: tuple[Parameters, Any],
    samples: Samples,
) -> tuple[tuple[Parameters, Any], Metrics]:
    """One gradient step on one minibatch; none where no sample is valid."""
    parameters, state = carry
    loss = functools.partial(total_loss, settings, architecture, coefficients, samples)
    gradients, metrics = jax.grad(loss, has_aux=True)(parameters)
    directions, new_state = optimizer(settings).update(gradients, state)
    rate = coefficients["learning_rate"]
    moved = jax.tree.map(lambda p, d: p - rate * d, parameters, directions)
    some = samples["valid"].any()
    carry = jax.tree.map(lambda new, old: jnp.where(some, new, old), (moved, new_state), carry)
    return carry, {**metrics, "grad_norm": optax.tree.norm(gradients)}


def total_loss(
    settings: PPO,
    architecture: Architecture,
    coefficients: Coefficients,
    samples: Samples,
    parameters: Parameters,
) -> tuple[jax.Array, Metrics]:
    """policy loss - ent_coef * entropy + vf_coef * value loss (arXiv 1707.06347, eq. 9)."""
    valid, clip_coef = samples["valid"], coefficients["clip_coef"]
    outputs = networks.policy_outputs(architecture, parameters, samples["observations"])
    if architecture.continuous:
        log_std = parameters["policy"]["log_std"]
        log_probs, entropies = losses.gaussian(outputs, log_std, samples["actions"])
    else:
        log_probs, entropies = losses.categorical(outputs, samples["actions"])
    log_ratio = jnp.where(valid, log_probs - samples["log_probs"], 0.0)
    advantages = samples["advantages"]
    if settings.normalize_advantages:
        advantages = losses.normalized(advantages, valid)
    values = networks.state_values(architecture, parameters, samples["observations"])
    metrics = {
        "policy_loss": losses.clipped_surrogate_loss(log_ratio, advantages, valid, clip_coef),
        "value_loss": losses.value_loss(values, samples["targets"], valid),
        "entropy": losses.masked_mean(entropies, valid),
        "approx_kl": losses.approximate_kl(log_ratio, valid),
        "clip_fraction": losses.clip_fraction(log_ratio, valid, clip_coef),
    }
    total = (
        metrics["policy_loss"]
        - coefficients["ent_coef"] * metrics["entropy"]
        + settings.vf_coef * metrics["value_loss"]
    )
    return total, metrics
