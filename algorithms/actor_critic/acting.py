"""The policy in NumPy: forward pass, sampling, log-probabilities, the deterministic action.

A test holds it to Flax's network within 1e-5. A matrix product's last bits depend on the number of
rows, so a rollout's environments are always acted in together.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from faastraingym.algorithms import statistics
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
ACTIVATIONS: dict[str, Any] = {
    "tanh": lambda x: np.tanh(x, out=x),
    "relu": lambda x: np.maximum(x, 0.0, out=x),
}


def policy_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The policy network's arrays; a policy of continuous actions also has a log_std."""
    network = _network("policy", spec, info.observation_size, info.action_size)
    if info.continuous:
        network["policy/log_std"] = ArraySpec("<f4", info.action_size)
    return network


def learner_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The arrays of the policy network and of the value network."""
    return policy_arrays(spec, info) | _network("value", spec, info.observation_size, 1)


def activations(spec: RunSpec) -> int:
    """Floats in the hidden layers of both networks."""
    settings: Any = spec.algorithm
    return 2 * int(sum(settings.hidden_sizes))


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """Nothing: a learner from the acting policy's own batch can calculate all of it."""
    return {}


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; it explores by sampling."""
    settings: Any = spec.algorithm
    return Actor(policy, settings.activation, info)


class Actor:
    """A policy ready to act in environments of `info`; `activation` is `tanh` or `relu`."""

    def __init__(self, policy: Policy, activation: str, info: SpaceInfo) -> None:
        parameters = policy.parameters
        depth = sum(path.startswith("policy/layer_") for path in parameters) // 2
        names = [f"policy/layer_{i}" for i in range(depth)] + ["policy/head"]
        layers = [(parameters[f"{n}/kernel"], parameters[f"{n}/bias"]) for n in names]
        self.hidden, self.head = layers[:-1], layers[-1]
        self.log_std = parameters.get("policy/log_std")  # [A]; continuous only
        self.std = None if self.log_std is None else np.exp(self.log_std)
        self.activate = ACTIVATIONS[activation]
        self.moments = None if policy.statistics is None else statistics.moments(policy.statistics)
        self.info, self.output_size = info, info.action_size
        # in the dtype of the space, and so is what is clipped by them
        self.bounds = tuple(np.array(b, info.action_dtype) for b in (info.low, info.high))

    def outputs(self, observations: np.ndarray) -> np.ndarray:
        """Logits or means, [B, A] float32, of observations [B, O] float32 (not normalised)."""
        x: np.ndarray = observations
        if self.moments is not None:
            mean, scale = self.moments
            x = (x - mean) * scale
            # two ufuncs: np.clip takes three times as long on arrays this small
            np.minimum(np.maximum(x, -10.0, out=x), 10.0, out=x)
        for kernel, bias in self.hidden:
            x = x @ kernel
            x += bias
            self.activate(x)
        kernel, bias = self.head
        x = x @ kernel
        x += bias
        return x

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """The noise of `steps` steps, [T, B, A] float32: Gumbel, or standard normal."""
        shape = (steps, num_envs, self.info.action_size)
        if self.std is not None:
            return generator.standard_normal(shape).astype(np.float32)
        return (-np.log(generator.standard_exponential(shape))).astype(np.float32)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled actions: [B] (the Gumbel-max trick), or [B, A] not clipped."""
        if self.std is None:
            return np.asarray((outputs + noise).argmax(axis=1))
        return np.asarray(outputs + self.std * noise)

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """The most probable action: argmax, or the mean."""
        return np.asarray(outputs.argmax(axis=1)) if self.std is None else outputs

    def log_probs(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """log pi(a|s), [...] float32, of outputs [..., A]."""
        if self.std is None or self.log_std is None:
            return categorical_log_prob(outputs, actions)
        return gaussian_log_prob(outputs, self.log_std, actions)

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment takes them: counted from its first, or clipped."""
        if self.std is None:
            start = self.info.action_start
            return np.asarray(actions + start) if start else actions
        low, high = self.bounds
        return np.asarray(np.minimum(np.maximum(actions, low), high))


def categorical_log_prob(logits: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """log softmax(logits)[a], [...] of logits [..., A]."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_probs, actions[..., None].astype(np.intp), axis=-1)
    return np.asarray(chosen[..., 0])


def gaussian_log_prob(mean: np.ndarray, log_std: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """sum_i log N(a_i; mean_i, exp(log_std_i)), [...] of means [..., A]."""
    standardised = (actions - mean) * np.exp(-log_std)
    terms = -0.5 * np.square(standardised) - log_std - np.float32(HALF_LOG_TWO_PI)
    return np.asarray(terms.sum(axis=-1))


def _network(which: str, spec: RunSpec, inputs: int, outputs: int) -> ArraySpecs:
    settings: Any = spec.algorithm
    sizes = [inputs, *settings.hidden_sizes, outputs]
    names = [*(f"layer_{i}" for i in range(len(sizes) - 2)), "head"]
    specs: ArraySpecs = {}
    for name, (above, below) in zip(names, pairwise(sizes), strict=True):
        specs[f"{which}/{name}/kernel"] = ArraySpec("<f4", above, below)
        specs[f"{which}/{name}/bias"] = ArraySpec("<f4", below)
    return specs
