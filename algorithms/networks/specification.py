"""The settings of a network, the same for every algorithm. Data alone: no NumPy, no JAX."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from faastraingym.schemas.specification import Section

Part = Annotated[
    str, Meta(description="of Dict or Tuple observations, as camera/left; default: all of others")
]
Sizes = tuple[Annotated[int, Meta(ge=1, le=4096)], ...]
Channels = (
    Annotated[
        Literal["first", "last"],
        Meta(description="where an image's axis of channels is; default: found from its shape"),
    ]
    | UnsetType
)


class NatureSpec(Section, frozen=True, kw_only=True, tag_field="kind", tag="nature"):
    """32 filters 8x8 by 4, 64 of 4x4 by 2, 64 of 3x3, 512 units (doi 10.1038/nature14236)."""

    part: Part = ""
    channels: Channels = UNSET


class SmallSpec(Section, frozen=True, kw_only=True, tag_field="kind", tag="small"):
    """16 filters 3x3, 128 units: for images of few pixels (arXiv 1903.03176)."""

    part: Part = ""
    channels: Channels = UNSET


class MlpSpec(Section, frozen=True, kw_only=True, tag_field="kind", tag="mlp"):
    """Dense layers."""

    part: Part = ""
    hidden_sizes: Annotated[Sizes, Meta(min_length=1, description="of its layers")] = (64,)


class FlatSpec(Section, frozen=True, kw_only=True, tag_field="kind", tag="flat"):
    """The part's numbers as they are."""

    part: Part = ""


EncoderSpec = NatureSpec | SmallSpec | MlpSpec | FlatSpec


class NetworkSpec(Section, frozen=True, kw_only=True):
    """How observations become what `hidden_sizes` read: side by side, each part encoded."""

    images: Annotated[
        Literal["flat", "small", "nature"],
        Meta(description="the encoder of images that `encoders` does not name"),
    ] = "flat"
    encoders: Annotated[tuple[EncoderSpec, ...], Meta(description="of parts by name")] = ()
    layer_norm: Annotated[
        bool, Meta(description="normalise each dense hidden layer before its activation")
    ] = False


class ActorCriticNetworkSpec(NetworkSpec, frozen=True, kw_only=True):
    """The same for a policy and a value network."""

    trunk: Annotated[
        Literal["separate", "shared"],
        Meta(description="shared: policy and value are two heads on the same layers"),
    ] = "separate"
