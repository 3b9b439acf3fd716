"""Datasets in the store, with which runs begin (ADR 62): named by their SHA-256.

The client that starts or resumes a run puts them there; no function makes or changes one.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from faastraingym.algorithms.replay.specification import DatasetSpec, ReplaySpec
from faastraingym.events.ports import Bucket
from faastraingym.schemas import dataset_record, keys
from faastraingym.schemas.dataset_record import MAX_RECORD, DatasetPart, DatasetRecord
from faastraingym.schemas.errors import PayloadError, RunFault, SpecificationError
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.specification import AlgorithmSpec, RunSpec

if TYPE_CHECKING:  # start-run imports no NumPy
    from faastraingym.algorithms.replay.ring import Ring
    from faastraingym.schemas.payloads import Stream

AT_ONCE = 4  # parts in memory


def named(algorithm: AlgorithmSpec) -> DatasetSpec | None:
    """The dataset with which a run of these settings begins."""
    begins = algorithm.init_from if isinstance(algorithm, ReplaySpec) else UNSET
    return None if begins is UNSET else begins


async def check(spec: RunSpec, spaces: Sequence[Any] | None, bucket: Bucket) -> None:
    """Return when the run can begin with its dataset, if it has one.

    Args:
        spec: of the run.
        spaces: of its environment: the values of a SpaceInfo.
        bucket: that has the dataset.

    Raises:
        SpecificationError: it is not there, or of another environment.
    """
    begins = named(spec.algorithm)
    if begins is None:
        return
    try:
        record = await _record(begins, bucket)
    except RunFault as fault:
        raise SpecificationError([str(fault)]) from fault
    if record.entries != begins.entries:
        raise SpecificationError(
            [
                f"spec.algorithm.init_from.entries: found {begins.entries}; allowed: "
                f"{record.entries}, as {begins.minari} has in the store"
            ]
        )
    problems = misfits(begins.minari, record, spaces, spec)
    if problems:
        raise SpecificationError(problems)


def misfits(
    name: str, record: DatasetRecord, spaces: Sequence[Any] | None, spec: RunSpec
) -> list[str]:
    """A sentence for each of the dataset's spaces that is not the environment's."""
    from faastraingym.algorithms.environments.space_info import SpaceInfo
    from faastraingym.algorithms.offline.stream import differences

    if spaces is None or record.spaces == list(spaces):
        return []
    both = (msgspec.convert(list(values), SpaceInfo) for values in (record.spaces, spaces))
    return [
        f"spec.algorithm.init_from: found {name} with {difference}, as {spec.environment.id} has"
        for difference in differences(*both)
    ]


async def begin(spec: RunSpec, versions: VersionRange, ring: "Ring", bucket: Bucket) -> None:
    """Write those versions of the dataset that a window has and the ring lacks into it.

    The ring has the trajectories of a version already.

    Raises:
        RunFault: a part is lost, or has other bytes.
        PayloadError: it is of other spaces.
    """
    from faastraingym.algorithms.offline.stream import kept
    from faastraingym.algorithms.replay.layout import layout

    begins = named(spec.algorithm)
    missing = ring.missing(VersionRange(first=versions.first, last=-1))
    if begins is None or not missing:
        return
    record, places, start = await _record(begins, bucket), layout(spec), 0
    due: list[tuple[int, DatasetPart]] = []
    for part in record.parts:
        if start + part.entries > places.skipped:
            due.append((start, part))
        start += part.entries
    for some in (due[i : i + AT_ONCE] for i in range(0, len(due), AT_ONCE)):
        read = await asyncio.gather(*(_part(begins, part, bucket) for _, part in some))
        for (first, part), stream in zip(some, read, strict=True):
            ring.pour(kept(stream, spec), places.places(first, part.entries), versions.first)
    ring.poured(missing)


async def _record(begins: DatasetSpec, bucket: Bucket) -> DatasetRecord:
    """RunFault: there is none."""
    try:
        data = await _read(begins, str(begins.sha256), MAX_RECORD, bucket)
        return dataset_record.load(data)
    except PayloadError as error:
        raise RunFault(f"spec.algorithm.init_from: {begins.minari}: {error}") from error


async def _part(begins: DatasetSpec, part: DatasetPart, bucket: Bucket) -> "Stream":
    from faastraingym.adapters.stage.payloads import load
    from faastraingym.schemas.payloads import Stream

    return load(await _read(begins, part.sha256, part.size, bucket), Stream)


async def _read(begins: DatasetSpec, sha256: str, limit: int, bucket: Bucket) -> bytes:
    """RunFault: it is not in the store, or has other bytes."""
    data = await bucket.read(keys.dataset(sha256), limit + 1)
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        how = "lost" if data is None else "altered"
        raise RunFault(
            f"spec.algorithm.init_from: {begins.minari}: {keys.dataset(sha256)} of it is {how} in "
            "the store; `faastrain start` of such a specification, or `faastrain resume`, puts it "
            "there from a machine that has the dataset"
        )
    return data
