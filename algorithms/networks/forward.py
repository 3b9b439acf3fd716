"""A network's forward pass in NumPy, as policies act by it.

A test holds it to Flax's module within 1e-5.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.algorithms.networks.convolution import convolve
from faastraingym.algorithms.networks.description import Encoder, Trunk

Parameters = Mapping[str, np.ndarray]
Forward = Callable[[np.ndarray], np.ndarray]  # [B, O] float32 -> [B, H] float32
NORM_EPSILON = 1e-6  # added to the variance, as Flax does


def forward(network: str, of: Trunk, parameters: Parameters) -> Forward:
    """The trunk of `network`, as `policy`, ready to act."""
    layers = _layers(network, of.activation, of.layer_norm, parameters)
    encoders = [
        _encoder(f"{network}/encoder_{i}", encoder, of.layer_norm, parameters)
        for i, encoder in enumerate(of.encoders)
    ]
    if not encoders:
        return layers
    return lambda x: layers(np.concatenate([encode(x) for encode in encoders], axis=-1))


def _layers(path: str, activation: str, layer_norm: bool, parameters: Parameters) -> Forward:
    """Dense layers, as many as there are."""
    layers, activate = dense.hidden_layers(path, parameters), dense.ACTIVATIONS[activation]
    if not layer_norm:
        return partial(dense.through, layers, activate)
    norms = [
        (parameters[f"{path}/norm_{i}/scale"], parameters[f"{path}/norm_{i}/bias"])
        for i in range(len(layers))
    ]

    def through(x: np.ndarray) -> np.ndarray:
        for layer, (scale, bias) in zip(layers, norms, strict=True):
            x = normalised(dense.linear(layer, x)) * scale + bias
            activate(x)
        return x

    return through


def normalised(x: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 of each row (Ba et al. 2016, arXiv 1607.06450, equation 3)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(NORM_EPSILON)))


def _encoder(path: str, of: Encoder, layer_norm: bool, parameters: Parameters) -> Forward:
    part, layers = of.part, _layers(path, of.activation, layer_norm, parameters)
    convolutions = [
        (parameters[f"{path}/conv_{i}/kernel"], parameters[f"{path}/conv_{i}/bias"], c.stride)
        for i, c in enumerate(of.convolutions)
    ]

    def encode(x: np.ndarray) -> np.ndarray:
        own = x[:, part.start : part.start + part.size]
        if not of.hidden_sizes:
            return own
        if part.scale != 1.0:
            own = own * np.float32(part.scale)
        if not convolutions:
            return layers(own)
        maps = own.reshape(-1, *part.shape).transpose(0, *(1 + axis for axis in of.axes))
        maps = np.ascontiguousarray(maps.reshape(-1, *of.image))
        for kernel, bias, stride in convolutions:
            maps = convolve(maps, kernel, bias, stride)
        return layers(maps.reshape(len(maps), -1))

    return encode
