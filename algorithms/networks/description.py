"""A network as data: what its arrays, its forward pass in NumPy and its Flax module are made of."""

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from msgspec import UNSET

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import images
from faastraingym.algorithms.networks.specification import EncoderSpec, MlpSpec
from faastraingym.schemas.specification import RunSpec

BYTE = 1.0 / 255.0


class Convolution(NamedTuple):
    """One layer, without padding, and a rectifier after it."""

    filters: int
    kernel: int  # height and width
    stride: int


class Cnn(NamedTuple):
    """Convolutions, and a layer of units, with a rectifier too, on all that the last gives."""

    convolutions: tuple[Convolution, ...]
    units: int


CNNS = {
    "nature": Cnn((Convolution(32, 8, 4), Convolution(64, 4, 2), Convolution(64, 3, 1)), 512),
    "small": Cnn((Convolution(16, 3, 1),), 128),
}


class Part(NamedTuple):
    """What a network reads of one part of the observations."""

    path: str
    shape: tuple[int, ...]
    kind: str  # as `Leaf.kind`
    start: int  # of its inputs, among all
    size: int
    scale: float  # from inputs to what an encoder reads


class Encoder(NamedTuple):
    """How one part is read: as an image, through layers, or, without any, as it is."""

    part: Part
    convolutions: tuple[Convolution, ...] = ()
    axes: tuple[int, ...] = ()  # of the part: height, width, all of channels
    hidden_sizes: tuple[int, ...] = ()
    activation: str = "relu"

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return images.size(self.part.shape, self.axes)

    @property
    def flat_size(self) -> int:
        """Numbers that its dense layers read."""
        if not self.convolutions:
            return self.part.size
        return prod(list(self.maps())[-1])

    @property
    def output_size(self) -> int:
        """Numbers that the layers after all encoders read of it."""
        return self.hidden_sizes[-1] if self.hidden_sizes else self.flat_size

    def maps(self) -> Iterator[tuple[int, int, int]]:
        """Height, width and filters after each convolution; not above 0: it does not fit."""
        height, width, _ = self.image
        for filters, kernel, stride in self.convolutions:
            height, width = ((side - kernel) // stride + 1 for side in (height, width))
            yield height, width, filters


class Trunk(NamedTuple):
    """All of a network but its heads; hashable, so that each is compiled once."""

    hidden_sizes: tuple[int, ...]
    activation: str  # of hidden layers: `tanh` or `relu`
    layer_norm: bool = False  # of dense hidden layers, before the activation
    encoders: tuple[Encoder, ...] = ()  # none: the observations as they are


def trunk(spec: RunSpec, info: SpaceInfo) -> Trunk:
    """The trunk that the specification asks for, of observations of `info`."""
    settings: Any = spec.algorithm
    plain, network = Trunk(settings.hidden_sizes, settings.activation), settings.network
    if network is UNSET:
        return plain
    by_path = {encoder.part: encoder for encoder in network.encoders}
    encoders = tuple(
        _encoder(part, by_path.get(part.path), network.images, settings.activation)
        for part in parts(info)
    )
    is_encoded = any(encoder.convolutions or encoder.hidden_sizes for encoder in encoders)
    return plain._replace(layer_norm=network.layer_norm, encoders=encoders if is_encoded else ())


def joined(of: Trunk, inputs: int, more: int) -> Trunk:
    """The trunk whose hidden layers read `more` numbers beside each observation of `inputs`.

    They follow the observation, and no encoder changes them: as actions, in a critic of both.
    """
    if not of.encoders:
        return of  # its layers read all that there is
    beside = Encoder(Part("", (more,), "numbers", inputs, more, 1.0))
    return of._replace(encoders=(*of.encoders, beside))


def is_shared(spec: RunSpec) -> bool:
    """Whether policy and value are heads on the same trunk."""
    return getattr(spec.algorithm.network, "trunk", "separate") == "shared"


def parts(info: SpaceInfo) -> Iterator[Part]:
    """The parts of observations, in the order of a network's inputs."""
    if not info.leaves:
        shape, kind, scale = info.observation_shape, "numbers", 1.0
        if info.observation_start is not None:
            kind = "choices"
        elif info.bytes_shape:  # flat ones are read as they are
            kind, scale = "image", BYTE
        yield Part("", shape, kind, 0, info.observation_size, scale)
        return
    start = 0
    for leaf in (each for each in info.leaves if each.kind != "mask"):
        yield Part(leaf.path, leaf.shape, leaf.kind, start, leaf.size, 1.0)
        start += leaf.size


def is_image(part: Part) -> bool:
    """Whether it is one without being named: bytes of two axes or more, or numbers of three."""
    least = {"image": 2, "numbers": 3, "bits": 3}
    return least.get(part.kind, 5) <= len(part.shape) <= 4


def output_size(of: Trunk, inputs: int) -> int:
    """Numbers that heads read, of an observation of so many `inputs`."""
    return of.hidden_sizes[-1] if of.hidden_sizes else encoded_size(of, inputs)


def encoded_size(of: Trunk, inputs: int) -> int:
    """Numbers that hidden layers read, of an observation of so many `inputs`."""
    return sum(encoder.output_size for encoder in of.encoders) if of.encoders else inputs


def widest(of: Trunk, inputs: int) -> int:
    """The most numbers that one of its dense layers, or a head on it, reads."""
    return max(encoded_size(of, inputs), *(encoder.flat_size for encoder in of.encoders), 0)


def activations(of: Trunk, inputs: int) -> int:
    """Floats that its layers hold of one sample."""
    encoded = sum(
        sum(map(prod, encoder.maps())) + sum(encoder.hidden_sizes) for encoder in of.encoders
    )
    return encoded + sum(of.hidden_sizes)


def _encoder(part: Part, asked: EncoderSpec | None, default: str, activation: str) -> Encoder:
    if isinstance(asked, MlpSpec):
        return Encoder(part, hidden_sizes=asked.hidden_sizes, activation=activation)
    kind = default if is_image(part) else "flat"
    if asked is not None:
        kind = str(asked.__struct_config__.tag)
    if kind not in CNNS:
        return Encoder(part)
    channels = getattr(asked, "channels", UNSET)
    axes = images.axes(part.shape, None if channels is UNSET else channels)
    if axes is None:
        raise ValueError(f"{part}: `problems` refuses it")
    return Encoder(part, CNNS[kind].convolutions, axes, (CNNS[kind].units,))
