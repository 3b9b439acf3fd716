"""The arrays of a network, by the paths that its Flax module gives them."""

from collections.abc import Sequence

from faastraingym.algorithms import dense
from faastraingym.algorithms.networks.description import (
    Encoder,
    Trunk,
    encoded_size,
    output_size,
)
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs


def trunk_specs(network: str, of: Trunk, inputs: int) -> ArraySpecs:
    """The arrays of a trunk of `network`, as `policy`, for observations of so many inputs."""
    specs: ArraySpecs = {}
    for i, encoder in enumerate(of.encoders):
        specs |= _encoder_specs(f"{network}/encoder_{i}", encoder, of.layer_norm)
    sizes = [encoded_size(of, inputs), *of.hidden_sizes]
    return specs | _hidden_specs(network, sizes, of.layer_norm)


def head_specs(
    network: str, of: Trunk, inputs: int, outputs: int, head: str = "head"
) -> ArraySpecs:
    """The arrays of a head on such a trunk."""
    return dense.layer_specs(f"{network}/{head}", output_size(of, inputs), outputs)


def _encoder_specs(path: str, of: Encoder, layer_norm: bool) -> ArraySpecs:
    specs: ArraySpecs = {}
    channels = of.image[2] if of.convolutions else 0
    for i, (filters, kernel, _) in enumerate(of.convolutions):
        dimensions = (kernel, kernel, channels, filters)
        specs[f"{path}/conv_{i}/kernel"] = ArraySpec("<f4", *dimensions)
        specs[f"{path}/conv_{i}/bias"] = ArraySpec("<f4", filters)
        channels = filters
    return specs | _hidden_specs(path, [of.flat_size, *of.hidden_sizes], layer_norm)


def _hidden_specs(path: str, sizes: Sequence[int], layer_norm: bool) -> ArraySpecs:
    specs = dense.hidden_specs(path, sizes)
    for i, size in enumerate(sizes[1:] if layer_norm else ()):
        for name in ("scale", "bias"):
            specs[f"{path}/norm_{i}/{name}"] = ArraySpec("<f4", size)
    return specs
