"""Distributions of actions in NumPy: as an actor samples them and tells their log-probabilities.

Of a batch's outputs, [..., K], each gives actions [...] or [..., A]. `likelihoods` has the same
distributions for the learner, and a test holds these to those.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.gsde import matrices
from faastraingym.algorithms.gsde.matrices import Matrices

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
ABSENT = np.float32(-1e30)  # the logit of a choice that an element does not have


class Distribution(Protocol):
    """How outputs become actions."""

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """The noise that samples, [*shape, K] float32; two halves in turn equal the whole."""

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled actions."""

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """The most probable actions."""

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """log pi(a|s), [...] float32."""


class Categorical:
    """One of K actions; outputs are logits."""

    def __init__(self, size: int) -> None:
        self.size = size

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Gumbel noise."""
        return _gumbel(generator, (*shape, self.size))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The Gumbel-max trick."""
        return np.asarray((outputs + noise).argmax(axis=-1))

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """The greatest logit."""
        return np.asarray(outputs.argmax(axis=-1))

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """log softmax(logits)[a]."""
        return categorical_log_prob(outputs, actions)


class MultiCategorical:
    """A elements with `choices` each, independent; outputs are the logits of all in turn."""

    def __init__(self, choices: Sequence[int]) -> None:
        self.places, self.present = table(choices)

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Gumbel noise."""
        return _gumbel(generator, (*shape, int(self.present.sum())))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The Gumbel-max trick for each element, [..., A]."""
        return self.mode(outputs + noise)

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """The greatest logit of each element, [..., A]."""
        return np.asarray(self._logits(outputs).argmax(axis=-1))

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The sum over the elements of log softmax(logits)[a]."""
        return np.asarray(categorical_log_prob(self._logits(outputs), actions).sum(axis=-1))

    def _logits(self, outputs: np.ndarray) -> np.ndarray:
        """[..., A, the most choices]."""
        return np.where(self.present, outputs[..., self.places], ABSENT)


class Bernoulli:
    """K bits, independent; outputs are the logits of their being set."""

    def __init__(self, size: int) -> None:
        self.size = size

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Logistic noise: the difference of two Gumbel variables."""
        return generator.logistic(size=(*shape, self.size)).astype(np.float32)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Set with the probability sigmoid(logit), [..., K]."""
        return self.mode(outputs + noise)

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """Set where the logit is positive, [..., K]."""
        return np.asarray(outputs > 0.0, np.int32)

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The sum over the bits of log sigmoid(logit), or of log sigmoid(-logit)."""
        signed = np.where(actions > 0, -outputs, outputs)
        return np.asarray(-np.logaddexp(np.float32(0.0), signed).sum(axis=-1))


class Gaussian:
    """K numbers, independent; outputs are their means."""

    def __init__(self, log_std: np.ndarray) -> None:
        self.log_std, self.std = log_std, np.exp(log_std)  # [K]

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Standard normal noise."""
        return generator.standard_normal((*shape, len(self.std))).astype(np.float32)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled numbers within no bounds, [..., K]."""
        return np.asarray(outputs + self.std * noise)

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """The means."""
        return outputs

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The log density."""
        return gaussian_log_prob(outputs, self.log_std, actions)


class StateDependent:
    """As a Gaussian, whose noise is a function of the state; outputs are means, then features."""

    def __init__(self, log_std: np.ndarray, every: int) -> None:
        self.log_std, self.size = log_std, log_std.shape[1]  # [L, K]
        self.matrices = Matrices(log_std, every)

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Noise matrices, [T, B, L, K]."""
        return self.matrices.steps(generator, *shape)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled numbers within no bounds, [B, K]."""
        return np.asarray(self.mode(outputs) + matrices.noise(outputs[:, self.size :], noise))

    def mode(self, outputs: np.ndarray) -> np.ndarray:
        """The means."""
        return outputs[..., : self.size]

    def log_prob(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The log density."""
        log_std = matrices.log_deviation(outputs[..., self.size :], self.log_std)
        return gaussian_log_prob(self.mode(outputs), log_std, actions)


def masked(outputs: np.ndarray, mask: np.ndarray, bits: bool) -> np.ndarray:
    """Outputs, [..., K], under which actions that `mask`, [..., M], forbids have probability 0.

    Huang and Ontanon 2020, arXiv 2006.14171, section 3. Of `bits`, the mask has pairs of 0 and 1.
    """
    if not bits:
        return np.where(mask, outputs, ABSENT)
    clear, set_ = mask[..., 0::2], mask[..., 1::2]
    return np.where(set_, np.where(clear, outputs, -ABSENT), ABSENT)


def distribution(
    info: SpaceInfo, parameters: Mapping[str, np.ndarray], sde: int | None = None
) -> Distribution:
    """The distribution of a policy with these parameters over the actions of `info`.

    `sde`: steps after which state-dependent noise is drawn anew; none: noise is independent.
    """
    if sde is not None:
        return StateDependent(parameters["policy/log_std"], sde)
    if info.continuous:
        return Gaussian(parameters["policy/log_std"])
    if info.action_choices:
        return MultiCategorical(info.action_choices)
    return Bernoulli(info.action_size) if info.action_bits else Categorical(info.action_size)


def table(choices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Which output is the logit of each element's choice, and whether there is one; [A, most]."""
    numbers, most = np.asarray(choices), max(choices)
    present = np.arange(most) < numbers[:, None]
    places = np.cumsum(numbers)[:, None] - numbers[:, None] + np.arange(most)
    return np.where(present, places, 0), present


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


def _gumbel(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return (-np.log(generator.standard_exponential(shape))).astype(np.float32)
