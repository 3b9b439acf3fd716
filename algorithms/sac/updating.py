"""One gradient step of soft actor-critic: both critics, the policy, alpha, then the targets.

Haarnoja et al. 2018, arXiv 1812.05905, algorithm 1.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from faastraingym.algorithms.off_policy.updating import (
    Coefficients,
    Learnt,
    Metrics,
    Parameters,
    Samples,
    Step,
    followed,
    mean,
    moved,
    optimizer,
)
from faastraingym.algorithms.sac import networks, squashed
from faastraingym.algorithms.sac.acting import CRITICS, TARGETS
from faastraingym.algorithms.sac.networks import Shapes
from faastraingym.algorithms.sac.specification import SAC

Networks = dict[str, Parameters]


class Setup(NamedTuple):
    """The parts of an update that stay the same during a run; hashable."""

    settings: SAC
    shapes: Shapes  # of the networks
    log_scale: float  # the sum over action elements of log((high - low) / 2)
    target_entropy: float  # in the environment's own units


def descend(setup: Setup, coefficients: Coefficients, before: Learnt, samples: Samples) -> Step:
    """One gradient step on N samples; then the targets, if it is their turn.

    The policy is valued by the critics that have just learnt; alpha is as it was before the step.
    """
    settings, rate = setup.settings, coefficients["learning_rate"]
    was, states = before
    alpha = temperature(settings, was)

    def stepped(name: str, gradients: Parameters, parameters: Parameters) -> Parameters:
        directions, after[name] = optimizer(settings).update(gradients, states[name])
        found: Parameters = moved(parameters, directions, rate)
        return found

    after = dict(states)
    critics = {name: was[name] for name in CRITICS}
    wanted = targets(setup, was, alpha, samples)
    minimised = functools.partial(critic_loss, setup, samples, wanted)
    gradients, (metrics, errors) = jax.grad(minimised, has_aux=True)(critics)
    critics = stepped("critics", gradients, critics)
    acting = functools.partial(policy_loss, setup, samples, critics, alpha)
    gradients, (more, log_probs) = jax.grad(acting, has_aux=True)(was["policy"])
    now = {**was, **critics, "policy": stepped("policy", gradients, was["policy"])}
    if settings.learns_ent_coef:
        surplus = -mean(log_probs, samples["valid"]) - setup.target_entropy
        now["ent_coef"] = stepped("ent_coef", {"log": surplus}, was["ent_coef"])
    after["steps"] = states["steps"] + 1
    for target, critic in zip(TARGETS, CRITICS, strict=True):
        now[target] = followed(settings, was[target], now[critic], after["steps"])
    return Learnt(now, after), ({**metrics, **more, "ent_coef": alpha}, errors)


def temperature(settings: SAC, of: Networks) -> jax.Array:
    """Alpha, as it is learnt or fixed."""
    return (
        jnp.exp(of["ent_coef"]["log"])
        if settings.learns_ent_coef
        else jnp.float32(settings.ent_coef)
    )


def least(
    setup: Setup, critics: list[Parameters], observations: jax.Array, actions: jax.Array
) -> jax.Array:
    """The smaller Q(s, a) of two critics, [N]."""
    first, second = (
        networks.values(setup.shapes, critic, observations, actions) for critic in critics
    )
    return jnp.minimum(first, second)


def targets(setup: Setup, of: Networks, alpha: jax.Array, samples: Samples) -> jax.Array:
    """R + gamma^m (min_i Q_i'(s', a') - alpha log pi(a'|s')), [N]; equation 5, m steps later.

    a' is drawn by the policy that learns, Q' are the target critics.
    """
    later = samples["next_observations"]
    outputs = networks.outputs(setup.shapes, of["policy"], later)
    actions, log_probs = squashed.drawn(outputs, samples["next_noise"], setup.log_scale)
    soft = least(setup, [of[name] for name in TARGETS], later, actions) - alpha * log_probs
    return samples["returns"] + samples["discounts"] * soft


def critic_loss(
    setup: Setup, samples: Samples, wanted: jax.Array, critics: Networks
) -> tuple[jax.Array, tuple[Metrics, jax.Array]]:
    """Half the mean of weighted squared errors, over valid samples and of both critics in sum.

    A sample's error is the mean size of both critics'.
    """
    valid, seen = samples["valid"], samples["observations"]
    acted = samples["actions"]
    scores = jnp.stack([networks.values(setup.shapes, critics[n], seen, acted) for n in CRITICS])
    errors = jnp.where(valid, wanted - scores, 0.0)
    total = mean(samples["weights"] * 0.5 * jnp.square(errors).sum(axis=0), valid)
    sizes = jnp.abs(errors).mean(axis=0)
    metrics = {
        "critic_loss": total,
        "td_error": mean(sizes, valid),
        "q": mean(scores.mean(axis=0), valid),
    }
    return total, (metrics, sizes)


def policy_loss(
    setup: Setup, samples: Samples, critics: Networks, alpha: jax.Array, policy: Parameters
) -> tuple[jax.Array, tuple[Metrics, jax.Array]]:
    """mean alpha log pi(a|s) - min_i Q_i(s, a) over valid samples, a drawn by the policy; eq. 9."""
    seen, valid = samples["observations"], samples["valid"]
    outputs = networks.outputs(setup.shapes, policy, seen)
    actions, log_probs = squashed.drawn(outputs, samples["noise"], setup.log_scale)
    scores = least(setup, [critics[name] for name in CRITICS], seen, actions)
    total = mean(alpha * log_probs - scores, valid)
    return total, ({"policy_loss": total, "entropy": -mean(log_probs, valid)}, log_probs)
