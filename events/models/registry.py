"""The registered models in a bucket.

Versions and promotions are objects that are written once, each under the next free number. Of two
writers of one number the store lets one win, and `put` tells the other by another SHA-256.
"""

import hashlib
from collections.abc import Iterable, Sequence

from faastraingym.events.gathering import each
from faastraingym.events.ports import Bucket, ObjectStore
from faastraingym.schemas import keys, models
from faastraingym.schemas.errors import ModelError, PayloadError
from faastraingym.schemas.messages import ModelPromoted, ModelRegistered
from faastraingym.schemas.models import (
    Canary,
    Kept,
    ModelVersion,
    Named,
    Promotion,
    Record,
    Trigger,
)
from faastraingym.schemas.references import REGISTRY, ObjectRef
from faastraingym.schemas.validation import near

AT_ONCE = 16  # records that are read beside each other


class Registry:
    """What a bucket has of models."""

    def __init__(self, objects: ObjectStore, bucket: Bucket) -> None:
        self._objects, self._bucket = objects, bucket

    async def names(self) -> list[str]:
        """The models that there are, sorted; a name without a version is none."""
        found = await self._bucket.keys(keys.MODELS)
        return sorted({place[0] for place in map(keys.registered, found) if place})

    async def versions(self, model: str) -> list[ModelVersion]:
        """A model's versions, the oldest first; empty: there is no such model."""
        found = await self._bucket.keys(f"{keys.MODELS}{model}/")
        return await self._records([keys.model(model, n) for n in _numbers(found)], ModelVersion)

    async def moves(self, model: str) -> dict[str, list[Promotion]]:
        """A model's promotions by alias, the oldest first."""
        found = await self._bucket.keys(f"{keys.MODELS}{model}/aliases/")
        places = sorted(place for place in map(keys.promoted, found) if place)
        read = await self._records([keys.promotion(*place) for place in places], Promotion)
        moves: dict[str, list[Promotion]] = {}
        for promotion in read:
            moves.setdefault(promotion.alias, []).append(promotion)
        return moves

    async def move(self, model: str, alias: str, number: int) -> Promotion:
        """A promotion by its number; PayloadError: it is lost."""
        return await self._record(keys.promotion(model, alias, number), Promotion)

    async def find(self, named: Named) -> ModelVersion:
        """The version that is named.

        Raises:
            ModelError: there is none; the text names what there is.
        """
        found = await self._bucket.keys(f"{keys.MODELS}{named.model}/")
        versions = _numbers(found)
        if not versions:
            raise await self._no_model(named.model)
        version = named.version or versions[-1]
        if named.alias:
            moved = [p for p in map(keys.promoted, found) if p and p[1] == named.alias]
            if not moved:
                raise _no_alias(named, {p[1] for p in map(keys.promoted, found) if p})
            version = (await self._record(keys.promotion(*max(moved)), Promotion)).version
        if version not in versions:
            raise ModelError(
                f"{named}: there is no such version; {named.model} has 1 to {versions[-1]}"
            )
        return await self._record(keys.model(named.model, version), ModelVersion)

    async def triggers(self, model: str) -> list[Trigger]:
        """The runs that start when an alias of a model is promoted, by alias and name."""
        found = await self._bucket.keys(f"{keys.MODELS}{model}/triggers/")
        return await self._records(found, Trigger)

    async def canary(self, named: Named) -> Canary | None:
        """The version that answers a share of those who ask an alias; None: none does."""
        key = keys.canary(named.model, named.alias)
        data = await self._bucket.read(key, models.MAX_RECORD)
        found = None if data is None else models.load(data, Canary)
        if found is None or not found.share:
            return None
        return found if found.move == await self._newest(named) else None

    async def set_canary(
        self, version: ModelVersion, alias: str, share: float, by: str, at: float
    ) -> Canary:
        """Have a version answer this share of those who ask an alias, until that moves.

        Raises:
            ModelError: the alias points nowhere.
        """
        named = Named(version.model, alias)
        await self.find(named)
        made = Canary(
            model=version.model,
            alias=alias,
            move=await self._newest(named),
            version=version.version,
            share=share,
            by=by,
            at=at,
        )
        key = keys.canary(made.model, made.alias)
        await self._bucket.write(key, models.dump(made), "application/msgpack")
        return made

    async def keep(self, model: str, data: bytes) -> Kept:
        """Store an object of a model, before the manifest that names it."""
        digest = hashlib.sha256(data).hexdigest()
        ref = await self._objects.put(keys.model_object(model, digest), data)
        if ref.sha256 != digest:  # what lies there is altered
            await self._objects.replace(ref.key, data)
        return Kept(sha256=digest, size=len(data))

    async def read(self, model: str, kept: Kept) -> bytes:
        """An object of a model.

        Raises:
            PayloadError: it is not there, or has other bytes.
        """
        key = keys.model_object(model, kept.sha256)
        data = await self._bucket.read(key, kept.size + 1)
        if data is None or hashlib.sha256(data).hexdigest() != kept.sha256:
            raise PayloadError(f"{key} is {'lost' if data is None else 'altered'} in the store")
        return data

    async def add(self, record: ModelVersion | Promotion) -> bool:
        """Store a version or a promotion; False: another one has its number."""
        match record:
            case ModelVersion():
                key = keys.model(record.model, record.version)
            case Promotion():
                key = keys.promotion(record.model, record.alias, record.number)
        data = models.dump(record)
        ref = await self._objects.put(key, data)
        return ref.sha256 == hashlib.sha256(data).hexdigest()

    async def registered(self, version: ModelVersion) -> ModelRegistered:
        """The fact of a version that is stored."""
        return ModelRegistered(
            run=REGISTRY,
            model=version.model,
            version=version.version,
            manifest=await self._manifest(version.model, version.version),
            source=version.run,
            sha256=version.policy.sha256,
            return_mean=version.mean,
        )

    async def promoted(self, promotion: Promotion) -> ModelPromoted:
        """The fact of a promotion that is stored."""
        version = await self.find(Named(promotion.model, version=promotion.version))
        return ModelPromoted(
            run=REGISTRY,
            model=promotion.model,
            alias=promotion.alias,
            number=promotion.number,
            version=promotion.version,
            previous=promotion.previous,
            rollback=promotion.rollback,
            manifest=await self._manifest(promotion.model, promotion.version),
            sha256=version.policy.sha256,
        )

    async def unsaid(
        self, subjects: Iterable[tuple[str, ...]]
    ) -> list[ModelRegistered | ModelPromoted]:
        """The facts of what is stored that the log does not have.

        `subjects` are the identities of those that it has. Whoever was killed between its record
        and its fact left such, and so does a broker that lost its log.
        """
        said, found = set(subjects), await self._bucket.keys(keys.MODELS)
        versions = [
            keys.model(*place)
            for place in map(keys.registered, found)
            if place and (REGISTRY, place[0], str(place[1])) not in said
        ]
        moves = [
            keys.promotion(*place)
            for place in map(keys.promoted, found)
            if place and (REGISTRY, place[0], place[1], str(place[2])) not in said
        ]
        registered = await self._records(versions, ModelVersion)
        promoted = sorted(await self._records(moves, Promotion), key=lambda move: move.at)
        return [
            *[await self.registered(version) for version in registered],
            *[await self.promoted(promotion) for promotion in promoted],
        ]

    async def _newest(self, named: Named) -> int:
        """The number of an alias's newest move; 0: it never moved."""
        found = await self._bucket.keys(f"{keys.MODELS}{named.model}/aliases/{named.alias}/")
        return max((place[2] for place in map(keys.promoted, found) if place), default=0)

    async def _manifest(self, model: str, version: int) -> ObjectRef:
        key = keys.model(model, version)
        ref = await self._objects.find(key)
        if ref is None:
            raise PayloadError(f"{key} is lost in the store")
        return ref

    async def _records(self, wanted: Sequence[str], kind: type[Record]) -> list[Record]:
        return await each(lambda key: self._record(key, kind), wanted, AT_ONCE)

    async def _record(self, key: str, kind: type[Record]) -> Record:
        data = await self._bucket.read(key, models.MAX_RECORD)
        if data is None:
            raise PayloadError(f"{key} is lost in the store")
        return models.load(data, kind)

    async def _no_model(self, model: str) -> ModelError:
        known = await self.names()
        hint = near(model, known) or "; `faastrain models list` lists all"
        return ModelError(f"there is no model {model!r}{hint}")


def _numbers(found: Iterable[str]) -> list[int]:
    """The versions whose manifests are among the keys of one model, the oldest first."""
    return sorted(place[1] for place in map(keys.registered, found) if place)


def _no_alias(named: Named, known: Iterable[str]) -> ModelError:
    there = ", ".join(sorted(known)) or "none yet; `faastrain models promote` sets one"
    return ModelError(f"{named}: there is no such alias; {named.model} has {there}")
