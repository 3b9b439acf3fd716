"""The packages that the operator added, in the store: the list of code that functions may import.

`environments/<SHA-256>.whl` is a package, `environments/<SHA-256>.json` its record. Only the
operator's login may write there, so no event can bring code.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from faastraingym.adapters.packages.wheels import MAX_BYTES, Package
from faastraingym.events.ports import Bucket
from faastraingym.schemas import keys
from faastraingym.schemas.errors import PackageError
from faastraingym.schemas.package_record import PackageRecord

MAX_RECORD = 1 << 20  # bytes


class Packages(Protocol):
    """Where packages are found."""

    async def records(self) -> list[PackageRecord]:
        """Those that there are."""

    async def fetch(self, sha256: str) -> bytes:
        """A package's bytes.

        Raises:
            PackageError: nobody added it.
        """


class Library:
    """The packages in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def add(self, package: Package, now: float) -> PackageRecord:
        """Store a package; the one that was added last is what its module's name stands for."""
        record = package.record(now)
        await self._bucket.write(keys.package(record.sha256), package.data, "application/zip")
        await self._bucket.write(
            keys.package_record(record.sha256), msgspec.json.encode(record), "application/json"
        )
        return record

    async def remove(self, records: Sequence[PackageRecord]) -> None:
        """Remove packages; a run that names one fails at its next rollout."""
        digests = [record.sha256 for record in records]
        await self._bucket.delete(list(map(keys.package_record, digests)))
        await self._bucket.delete(list(map(keys.package, digests)))

    async def records(self) -> list[PackageRecord]:
        """Those that are there."""
        found = await self._bucket.keys(keys.ENVIRONMENTS)
        named = [key for key in found if key.endswith(".json")]
        read = await asyncio.gather(*(self._bucket.read(key, MAX_RECORD) for key in named))
        return [_record(key, data) for key, data in zip(named, read, strict=True) if data]

    async def fetch(self, sha256: str) -> bytes:
        """A package's bytes.

        Raises:
            PackageError: nobody added it.
        """
        data = await self._bucket.read(keys.package(sha256), MAX_BYTES + 1)
        if data is None:
            raise PackageError(
                f"the package {sha256} of the environment is not in the store; `faastrain env add` "
                "it again"
            )
        return data


class Given:
    """One package that is not in the store yet, before those that are."""

    def __init__(self, package: Package, others: Packages, now: float) -> None:
        self._package, self._others, self._now = package, others, now

    async def records(self) -> list[PackageRecord]:
        """It, and those that there are."""
        return [self._package.record(self._now), *await self._others.records()]

    async def fetch(self, sha256: str) -> bytes:
        """A package's bytes."""
        if sha256 == self._package.sha256:
            return self._package.data
        return await self._others.fetch(sha256)


class Nothing:
    """Nobody added a package: there is no store."""

    async def records(self) -> list[PackageRecord]:
        """None."""
        return []

    async def fetch(self, sha256: str) -> bytes:
        """It is not there.

        Raises:
            PackageError: always.
        """
        raise PackageError(f"nobody added a package with the SHA-256 {sha256}")


NOTHING = Nothing()


def found(records: Sequence[PackageRecord], named: str) -> list[PackageRecord]:
    """The packages that a person names: by a module, a distribution, or the start of a SHA-256.

    Raises:
        PackageError: there is none.
    """
    chosen = [
        record
        for record in records
        if named in (record.name, *record.modules)
        or (len(named) >= 6 and record.sha256.startswith(named))
    ]
    if not chosen:
        raise PackageError(f"{named}: no such package; `faastrain env list` lists them")
    return chosen


def _record(key: str, data: bytes) -> PackageRecord:
    try:
        return msgspec.json.decode(data, type=PackageRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PackageError(f"{key}: is no record of a package: {error}; remove it") from error
