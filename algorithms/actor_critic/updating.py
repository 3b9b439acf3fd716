"""One compiled update: advantages, then epochs of minibatches."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from faastraingym.algorithms.actor_critic import likelihoods, losses, networks
from faastraingym.algorithms.actor_critic.batches import Batch
from faastraingym.algorithms.actor_critic.estimates import Estimates, Steps, generalized, log_ratios
from faastraingym.algorithms.actor_critic.likelihoods import Likelihood
from faastraingym.algorithms.actor_critic.networks import Architecture, Parameters
from faastraingym.algorithms.actor_critic.sequences import Samples, dealt, recalled
from faastraingym.algorithms.networks.description import Trunk

Coefficients = dict[str, jax.Array]  # what the schedule anneals: data, so nothing is recompiled
Metrics = dict[str, jax.Array]
# mean and 1 / deviation of observations, and which are normalised unless all are; [O] each
Moments = tuple[jax.Array, ...]
Update = Callable[..., tuple[Parameters, Any, Metrics]]


class Method(NamedTuple):
    """The own parts of an actor-critic algorithm; `settings` are its specification's."""

    optimizer: Callable[[Any], optax.GradientTransformation]  # scaled by the learning rate later
    minibatches: Callable[[Any, np.random.Generator, np.ndarray], np.ndarray]  # see `learn`
    # (settings, coefficients, samples, log_probs, advantages) -> the loss, and further metrics
    policy_loss: Callable[..., tuple[jax.Array, Metrics]]
    estimate: Callable[[Any, Steps], Estimates] = generalized
    # whether pi, as it is before it learns, is compared with mu, which acted and whose `log_probs`
    # the trajectory has: then samples have `proximal_log_probs`, and steps their ratios
    compares: Callable[[Any], bool] = lambda settings: False


class Setup(NamedTuple):
    """The parts of an update that stay the same during a run; hashable."""

    method: Method
    settings: Any  # the algorithm's
    architecture: Architecture


@functools.lru_cache(maxsize=16)
def make_update(setup: Setup) -> Update:
    """`learn` for `setup`, compiled; it donates parameters and state."""
    compiled: Update = jax.jit(functools.partial(learn, setup), donate_argnums=(0, 1))
    return compiled


def learn(
    setup: Setup,
    parameters: Parameters,
    state: Any,
    batch: Batch,
    moments: Moments | None,
    coefficients: Coefficients,
    minibatches: jax.Array,
) -> tuple[Parameters, Any, Metrics]:
    """Epochs of minibatches over one batch.

    Args:
        setup: the algorithm, its settings and networks.
        parameters, state: of the version that collected the batch, and its optimizer's.
        batch: transitions, [T, B].
        moments: of the observations; none: they are not normalised.
        coefficients: of this update, by name; `learning_rate` is one of them.
        minibatches: indices of samples, [epochs, minibatches, samples] int32. Those of an epoch
            name each of N samples once; N is at least T x B, of a recurrent policy B.

    Returns:
        New parameters, new optimizer state, and the means of metrics over all valid samples.
    """
    size = minibatches.shape[1] * minibatches.shape[2]
    samples, explained = prepare(setup, parameters, batch, moments, size)

    def minibatch(carry: Any, indices: jax.Array) -> tuple[Any, tuple[Metrics, jax.Array]]:
        chosen = {name: values[indices] for name, values in samples.items()}
        carry, metrics = descend(setup, coefficients, carry, chosen)
        return carry, (metrics, chosen["valid"].sum())

    flat = minibatches.reshape(-1, minibatches.shape[-1])
    (parameters, state), (metrics, counts) = jax.lax.scan(minibatch, (parameters, state), flat)
    weights = counts / jnp.maximum(counts.sum(), 1)
    means = {name: (values * weights).sum() for name, values in metrics.items()}
    return parameters, state, {**means, "explained_variance": explained}


def prepare(
    setup: Setup, parameters: Parameters, batch: Batch, moments: Moments | None, size: int
) -> tuple[Samples, jax.Array]:
    """Samples with advantages and value targets, and the explained variance before learning.

    `size` of them: T x B steps or B sequences, and invalid ones beyond. What is outside the loss is
    zeroed before it enters a network: a NaN that is masked after it still gives a NaN gradient.
    """
    valid, terminated = jnp.asarray(batch.valid), jnp.asarray(batch.terminated)
    ended = jnp.logical_or(terminated, batch.truncated)
    nothing = jnp.zeros_like(valid[:1])
    seen = jnp.concatenate([valid, nothing]) | jnp.concatenate([nothing, valid & ~terminated])
    trunk = setup.architecture.trunk
    dtype = None if trunk.encoders else jnp.float32  # an encoder reads bytes where it is
    observations = _zeroed(jnp.asarray(batch.observations, dtype), seen)
    if moments is not None:
        mean, scale, *which = moments
        scaled = jnp.clip((observations - mean) * scale, -10.0, 10.0)
        observations = jnp.where(which[0], scaled, observations) if which else scaled
    memory = remembered = None
    if batch.memory is not None:  # kept where a final observation is seen, and forgotten after it
        memory, kept = jnp.asarray(batch.memory), jnp.concatenate([valid, ~nothing])
        remembered = networks.remembered(setup.architecture, parameters, observations, memory, kept)
    value = functools.partial(networks.state_values, setup.architecture, parameters)
    all_values = _by_steps(trunk, value, observations, remembered)
    values, next_values = all_values[:-1], all_values[1:]
    acted = {
        "observations": observations[:-1],
        "actions": _zeroed(batch.actions, valid),
        **{name: _zeroed(array, valid) for name, array in batch.extras.items()},
    }
    if batch.masks is not None:
        acted["masks"] = jnp.asarray(batch.masks)
    ratios = jnp.zeros_like(values)
    if setup.method.compares(setup.settings):
        steps_seen = acted if remembered is None else {**acted, "remembered": remembered[:-1]}
        likelihood = functools.partial(_likelihoods, setup.architecture, parameters)
        acted["proximal_log_probs"] = _by_steps(trunk, likelihood, steps_seen)[0]
        ratios = log_ratios(acted["proximal_log_probs"], acted["log_probs"], valid)
    rewards = _zeroed(batch.rewards, valid)
    steps = Steps(rewards, values, next_values, terminated, ended, valid, ratios)
    advantages, targets = setup.method.estimate(setup.settings, steps)
    samples = {**acted, "advantages": advantages, "targets": targets, "valid": valid}
    explained = losses.explained_variance(values, targets, valid)
    samples = {name: jnp.asarray(values) for name, values in samples.items()}
    return dealt(setup.architecture, samples, memory, size), explained


def _by_steps(trunk: Trunk, function: Callable[..., Any], *samples: Any) -> Any:
    """`function` of samples [T, B, ...]; of images step by step, for what it holds is large."""
    if not any(encoder.convolutions for encoder in trunk.encoders):
        return function(*samples)
    return jax.lax.map(lambda of_step: function(*of_step), samples)


def _zeroed(values: Any, kept: jax.Array) -> jax.Array:
    """`values`, [T, B, ...], and 0 where `kept`, [T, B], is false."""
    return jnp.where(kept.reshape(kept.shape + (1,) * (values.ndim - 2)), values, 0)


def descend(
    setup: Setup, coefficients: Coefficients, carry: tuple[Parameters, Any], samples: Samples
) -> tuple[tuple[Parameters, Any], Metrics]:
    """One gradient step on one minibatch; none where no sample is valid."""
    parameters, state = carry
    minimised = functools.partial(loss, setup, coefficients, samples)
    gradients, metrics = jax.grad(minimised, has_aux=True)(parameters)
    directions, new_state = setup.method.optimizer(setup.settings).update(gradients, state)
    rate = coefficients["learning_rate"]
    moved = jax.tree.map(lambda p, d: p - rate * d, parameters, directions)
    some = samples["valid"].any()
    carry = jax.tree.map(lambda new, old: jnp.where(some, new, old), (moved, new_state), carry)
    return carry, {**metrics, "grad_norm": optax.tree.norm(gradients)}


def loss(
    setup: Setup, coefficients: Coefficients, samples: Samples, parameters: Parameters
) -> tuple[jax.Array, Metrics]:
    """policy loss - ent_coef * entropy + vf_coef * value loss, and its metrics.

    Mnih et al. 2016, arXiv 1602.01783; Schulman et al. 2017, arXiv 1707.06347, equation 9.
    """
    method, settings, architecture = setup
    samples = recalled(architecture, parameters, samples)
    valid, observations = samples["valid"], samples["observations"]
    outputs, values = networks.outputs_and_values(
        architecture, parameters, observations, samples.get("remembered")
    )
    log_probs, entropies = _of_outputs(architecture, parameters, outputs, samples)
    advantages = samples["advantages"]
    if settings.normalize_advantages:
        advantages = losses.normalized(advantages, valid)
    policy_loss, more = method.policy_loss(settings, coefficients, samples, log_probs, advantages)
    value_loss = losses.value_loss(values, samples["targets"], valid)
    entropy = losses.masked_mean(entropies, valid)
    total = policy_loss - coefficients["ent_coef"] * entropy + settings.vf_coef * value_loss
    return total, {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy, **more}


def _likelihoods(
    architecture: Architecture, parameters: Parameters, samples: Samples
) -> Likelihood:
    """log pi(a|s) and the entropy, [...] each, of observations [..., O] and their actions."""
    remembered = samples.get("remembered")
    outputs = networks.policy_outputs(architecture, parameters, samples["observations"], remembered)
    return _of_outputs(architecture, parameters, outputs, samples)


def _of_outputs(
    architecture: Architecture, parameters: Parameters, outputs: jax.Array, samples: Samples
) -> Likelihood:
    """The same, of the policy network's outputs, [..., K].

    Where there are `masks`, [..., M], pi is the policy that acted: of the valid actions alone.
    """
    if "masks" in samples:
        outputs = likelihoods.masked(outputs, samples["masks"], architecture.bits)
    return likelihoods.of_actions(architecture, parameters, outputs, samples["actions"])
