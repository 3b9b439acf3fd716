"""The arrays of a network, by the paths that its Flax module gives them."""

from faastraingym.algorithms import dense
from faastraingym.algorithms.networks.description import Trunk, output_size
from faastraingym.schemas.array_specs import ArraySpecs


def trunk_specs(network: str, of: Trunk, inputs: int) -> ArraySpecs:
    """The arrays of a trunk of `network`, as `policy`, for observations of so many inputs."""
    return dense.hidden_specs(network, [inputs, *of.hidden_sizes])


def head_specs(
    network: str, of: Trunk, inputs: int, outputs: int, head: str = "head"
) -> ArraySpecs:
    """The arrays of a head on such a trunk."""
    return dense.layer_specs(f"{network}/{head}", output_size(of, inputs), outputs)
