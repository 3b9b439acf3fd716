"""Why a network cannot be made for an environment's observations: a sentence each."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import description, images
from faastraingym.algorithms.networks.description import CNNS, Cnn, Part
from faastraingym.schemas.specification import RunSpec

WHERE = "spec.algorithm.network"


def problems(spec: RunSpec, info: SpaceInfo) -> Iterator[str]:
    """Parts that are not there, and convolutions where there is no image or too small a one."""
    network: Any = spec.algorithm.network
    if network is UNSET:
        return
    if description.is_shared(spec) and spec.algorithm.recurrent is not UNSET:
        yield (
            f"{WHERE}.trunk: found shared with spec.algorithm.recurrent; allowed: separate, for "
            "the value's gradients would change what the policy remembers"
        )
    every = {part.path: part for part in description.parts(info)}
    for i, asked in enumerate(network.encoders):
        where, kind = f"{WHERE}.encoders[{i}]", str(asked.__struct_config__.tag)
        if asked.part not in every:
            yield f"{where}.part: {_absent(spec, asked.part, every)}"
        elif asked.part in (other.part for other in network.encoders[:i]):
            yield f"{where}.part: found {asked.part!r} a second time; allowed: one encoder each"
        elif kind in CNNS:
            channels = None if asked.channels is UNSET else asked.channels
            yield from _unreadable(where, "kind", kind, every[asked.part], channels)
    named = {asked.part for asked in network.encoders}
    if network.images in CNNS:
        shown = [part for part in every.values() if description.is_image(part)]
        for part in (part for part in shown if part.path not in named):
            yield from _unreadable(WHERE, "images", network.images, part, None)
        if not shown:
            yield (
                f"{WHERE}.images: found {network.images}, and {spec.environment.id} shows no "
                f"image: {'; '.join(map(_words, every.values()))}; allowed: flat"
            )


def unnormalised(spec: RunSpec, info: SpaceInfo) -> Iterator[str]:
    """Statistics of an image that its encoder scales."""
    encoders = description.trunk(spec, info).encoders
    scaled = [e for e in encoders if e.part.scale != 1.0 and e.hidden_sizes]
    if scaled and spec.algorithm.normalize_observations:
        yield (
            "spec.algorithm.normalize_observations: found true, and the network scales the image "
            f"that {spec.environment.id} shows from 0 to 1; allowed: false"
        )


def _absent(spec: RunSpec, found: str, every: dict[str, Part]) -> str:
    names = [repr(path) for path in every if path]
    if not names:
        return (
            f"found {found!r}; allowed: none, for the observations of {spec.environment.id} have "
            "no parts"
        )
    what = repr(found) if found else "none"
    return f"found {what}; allowed: {', '.join(names)}, the parts that {spec.environment.id} shows"


def _unreadable(
    where: str, key: str, kind: str, part: Part, channels: images.Channels | None
) -> Iterator[str]:
    if part.kind == "choices" or not 2 <= len(part.shape) <= 4:
        yield (
            f"{where}.{key}: found {kind} for {_words(part)}; allowed: mlp or flat, for "
            "convolutions read 2 to 4 axes of numbers"
        )
        return
    axes = images.axes(part.shape, channels)
    if axes is None:
        yield (
            f"{where}.{key}: found {kind} for {_words(part)}, whose shape does not tell its axis "
            f'of channels; allowed: an encoder {{part = "{part.path}", kind = "{kind}", channels = '
            '"first"}, or "last"'
        )
        return
    (height, width, _), least = images.size(part.shape, axes), _least(CNNS[kind])
    if min(height, width) < least:
        fits = ", ".join(name for name in CNNS if _least(CNNS[name]) <= min(height, width))
        others = f"{fits}, mlp" if fits else "mlp"
        yield (
            f"{where}.{key}: found {kind} for an image of {height}x{width}, on which a kernel is "
            f"larger than what it reads; allowed: {others} or flat, or at least {least}x{least}"
        )


def _least(cnn: Cnn) -> int:
    """The least side of an image that all convolutions fit on."""
    side = 1
    for _, kernel, stride in reversed(cnn.convolutions):
        side = (side - 1) * stride + kernel
    return side


def _words(part: Part) -> str:
    name = f"{part.path!r}, " if part.path else ""
    if part.kind == "choices":
        return f"{name}choices"
    shape = "x".join(map(str, part.shape))
    return f"{name}{'an image' if part.kind == 'image' else 'numbers'} of {shape or 'no axes'}"
