"""The run manifest: the validated specification, as every stage of the run reads it."""

import functools

import msgspec

from events.ports import Services
from schemas.references import ObjectRef, RunId
from schemas.specification import RunSpec


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was started with."""

    run: RunId
    spec: RunSpec


def dump(run: str, spec: RunSpec) -> bytes:
    """The manifest's bytes; equal specifications give equal bytes."""
    return msgspec.msgpack.encode(Manifest(run=run, spec=spec))


async def specification(services: Services, ref: ObjectRef) -> RunSpec:
    """The specification that a manifest reference speaks of."""
    return _parse(await services.objects.get(ref))


@functools.lru_cache(maxsize=64)
def _parse(data: bytes) -> RunSpec:
    return msgspec.msgpack.decode(data, type=Manifest).spec
