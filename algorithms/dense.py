"""Dense layers in NumPy, as policies act by them: which arrays they are, and their outputs."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs

Layer = tuple[np.ndarray, np.ndarray]  # kernel [I, O] and bias [O], float32
Activate = Callable[[np.ndarray], Any]  # in place

ACTIVATIONS: dict[str, Activate] = {
    "tanh": lambda x: np.tanh(x, out=x),
    "relu": lambda x: np.maximum(x, 0.0, out=x),
}


def hidden_specs(network: str, sizes: Sequence[int]) -> ArraySpecs:
    """The arrays of a network's hidden layers; `sizes` begins with its inputs."""
    specs: ArraySpecs = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        specs |= layer_specs(f"{network}/layer_{i}", inputs, outputs)
    return specs


def layer_specs(path: str, inputs: int, outputs: int) -> ArraySpecs:
    """The arrays of one layer."""
    return {
        f"{path}/kernel": ArraySpec("<f4", inputs, outputs),
        f"{path}/bias": ArraySpec("<f4", outputs),
    }


def hidden_layers(network: str, parameters: Mapping[str, np.ndarray]) -> list[Layer]:
    """The hidden layers of a network, the first of them first."""
    depth = sum(path.startswith(f"{network}/layer_") for path in parameters) // 2
    return [layer(f"{network}/layer_{i}", parameters) for i in range(depth)]


def layer(path: str, parameters: Mapping[str, np.ndarray]) -> Layer:
    """One layer."""
    return parameters[f"{path}/kernel"], parameters[f"{path}/bias"]


def through(layers: Sequence[Layer], activate: Activate, x: np.ndarray) -> np.ndarray:
    """The activations of the last of hidden layers, [B, O] float32, of inputs [B, I]."""
    for each in layers:
        x = linear(each, x)
        activate(x)
    return x


def linear(of: Layer, x: np.ndarray) -> np.ndarray:
    """[B, O] float32, of inputs [B, I]."""
    kernel, bias = of
    outputs: np.ndarray = x @ kernel
    outputs += bias
    return outputs
