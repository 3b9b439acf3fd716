"""A network as data: what its arrays, its forward pass in NumPy and its Flax module are made of."""

from typing import Any, NamedTuple

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.specification import RunSpec


class Trunk(NamedTuple):
    """All of a network but its heads; hashable, so that each is compiled once."""

    hidden_sizes: tuple[int, ...]
    activation: str  # of hidden layers: `tanh` or `relu`


def trunk(spec: RunSpec, info: SpaceInfo) -> Trunk:
    """The trunk that the specification asks for, of observations of `info`."""
    settings: Any = spec.algorithm
    return Trunk(settings.hidden_sizes, settings.activation)


def output_size(of: Trunk, inputs: int) -> int:
    """Numbers that heads read, of an observation of so many `inputs`."""
    return of.hidden_sizes[-1] if of.hidden_sizes else inputs


def activations(of: Trunk, inputs: int) -> int:
    """Floats that its layers hold of one sample."""
    return sum(of.hidden_sizes)
