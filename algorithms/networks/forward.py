"""A network's forward pass in NumPy, as policies act by it.

A test holds it to Flax's module within 1e-5.
"""

from collections.abc import Callable, Mapping

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.algorithms.networks.description import Trunk

Forward = Callable[[np.ndarray], np.ndarray]  # [B, O] float32 -> [B, H] float32


def forward(network: str, of: Trunk, parameters: Mapping[str, np.ndarray]) -> Forward:
    """The trunk of `network`, as `policy`, ready to act."""
    layers, activate = dense.hidden_layers(network, parameters), dense.ACTIVATIONS[of.activation]
    return lambda x: dense.through(layers, activate, x)
