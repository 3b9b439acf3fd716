"""The run manifest: the validated specification, as every stage of the run reads it."""

import functools
from typing import Any

import msgspec

from faastraingym.algorithms import registry
from faastraingym.events.ports import Services
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.references import ObjectRef, RunId
from faastraingym.schemas.specification import RunSpec


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A run's name and its specification, before that is held to more than its types."""

    run: RunId
    spec: dict[str, Any]


def dump(run: str, spec: RunSpec) -> bytes:
    """The manifest's bytes; equal specifications give equal bytes."""
    return msgspec.msgpack.encode({"run": run, "spec": spec})


async def specification(services: Services, ref: ObjectRef) -> RunSpec:
    """The specification in the manifest that `ref` names."""
    return parse(await services.objects.get(ref))


@functools.lru_cache(maxsize=64)
def parse(data: bytes) -> RunSpec:
    """The specification in a manifest's bytes.

    PayloadError: they are no manifest. SpecificationError: its specification cannot be run.
    """
    try:
        raw = msgspec.msgpack.decode(data, type=Manifest).spec
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PayloadError(f"not a manifest: {error}") from error
    return registry.parse(raw)
