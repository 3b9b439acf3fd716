"""The log of facts, copied to the object store, and published again if the broker lost it.

A copy is a piece of a run's facts in the log's order, named by its position; each piece starts
where the last one ends. Publishing a fact twice changes nothing.
"""

from collections.abc import Iterable, Sequence

from faastraingym.events.pipeline import flow, subjects
from faastraingym.events.ports import Bucket, FactLog, LostObject, ObjectStore, Recorded
from faastraingym.schemas import event_backup, keys
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Message, RewardsReady, RunRemoved


async def is_kept(run: str, objects: ObjectStore, bucket: Bucket) -> bool:
    """Whether a run's log can be published again from the store."""
    return bool(await objects.find(keys.manifest(run)) or await copies(run, bucket))


async def is_removed(run: str, facts: FactLog, objects: ObjectStore) -> bool:
    """Whether the run was removed, as log or store tells: either may have lost that."""
    said = await facts.count(subjects.of_kind(RunRemoved, run))
    return bool(said or await objects.find(keys.removal(run)))


async def copies(run: str, bucket: Bucket) -> list[str]:
    """The keys of a run's copies, in the log's order; other keys there are ignored."""
    found = [
        (place, key) for key in await bucket.keys(keys.logs(run)) if (place := keys.logged(key))
    ]
    return [key for _, key in sorted(found)]


def held(pieces: Sequence[str]) -> int:
    """How many facts the copies with these keys hold together."""
    return max((place[1] for place in map(keys.logged, pieces) if place), default=0)


async def keep(run: str, said: Sequence[Recorded], begin: int, objects: ObjectStore) -> None:
    """Copy facts that no copy has; `begin` is how many the copies hold."""
    if said:
        facts = [record.fact for record in said]
        await objects.put(keys.log(run, begin, begin + len(facts)), event_backup.dump(facts))


async def recall(pieces: Iterable[str], objects: ObjectStore) -> list[Message]:
    """The facts in the copies with these keys, each once, in the order to publish them again."""
    found: dict[str, Message] = {}
    for key in pieces:
        for fact in await _read(key, objects):
            found.setdefault(subjects.of(fact), fact)
    return quiet_first(found.values())


async def _read(key: str, objects: ObjectStore) -> list[Message]:
    """The facts of a copy; none of a lost copy, whose work is done again."""
    ref = await objects.find(key)
    try:
        return event_backup.load(await objects.get(ref)) if ref else []
    except (LostObject, MessageError):
        return []


def quiet_first(facts: Iterable[Message]) -> list[Message]:
    """The facts, effects before their causes, else in the order that they have."""

    def rank(fact: Message) -> tuple[int, int]:
        newest_first = -fact.version if isinstance(fact, RewardsReady) else 0
        return flow.LINES[type(fact)].rank, newest_first

    return sorted(facts, key=rank)
