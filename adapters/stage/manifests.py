"""The run manifest: the validated specification, as every stage of the run reads it."""

import functools
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import known
from faastraingym.events.ports import Services
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.messages import Membership, RunRequested
from faastraingym.schemas.references import ObjectRef, PolicyRef, RunId
from faastraingym.schemas.specification import RunSpec, to_dict


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A run's name and its specification, before that is held to more than its types."""

    run: RunId
    spec: dict[str, Any]
    spaces: list[Any] | None = None
    experiment: Membership | UnsetType = UNSET
    copied: PolicyRef | UnsetType = UNSET


def dump(
    run: str,
    spec: RunSpec,
    spaces: Sequence[Any] | None = None,
    experiment: Membership | UnsetType = UNSET,
    copied: PolicyRef | UnsetType = UNSET,
) -> bytes:
    """The manifest's bytes; equal specifications give equal bytes.

    `spaces` are the values of a SpaceInfo. They are written of a package's environment and of one
    on JAX alone: so stages that only learn import none of its code.
    """
    extra: dict[str, Any] = {"spaces": spaces} if known.is_told(spec.environment) else {}
    asked = {"experiment": experiment, "copied": copied}
    extra |= {name: value for name, value in asked.items() if value is not UNSET}
    return msgspec.msgpack.encode({"run": run, "spec": spec, **extra})


async def request(services: Services, ref: ObjectRef) -> RunRequested:
    """The request that the manifest answers."""
    found = _decoded(await services.objects.get(ref))
    spec = to_dict(registry.parse(found.spec))
    return RunRequested(run=found.run, spec=spec, experiment=found.experiment, copied=found.copied)


async def specification(services: Services, ref: ObjectRef) -> RunSpec:
    """The specification in the manifest that `ref` names."""
    return parse(await services.objects.get(ref))


def parse(data: bytes) -> RunSpec:
    """The specification in a manifest's bytes, whose packaged environment has known spaces then.

    PayloadError: they are no manifest. SpecificationError: its specification cannot be run.
    """
    spec, spaces = _parsed(data)
    if spaces is not None:
        known.remember(spec.environment, spaces)
    return spec


@functools.lru_cache(maxsize=64)
def _parsed(data: bytes) -> tuple[RunSpec, Sequence[Any] | None]:
    raw = _decoded(data)
    return registry.parse(raw.spec), raw.spaces


def _decoded(data: bytes) -> Manifest:
    try:
        return msgspec.msgpack.decode(data, type=Manifest)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PayloadError(f"not a manifest: {error}") from error
