"""The log of facts, copied to the object store too, and published again if the broker lost it.

Copies are pieces of a run's facts in the log's order, named by their position: each piece starts
after the last one. Publishing a fact twice changes nothing, so too many do no harm.
"""

from collections.abc import Iterable, Sequence

from faastraingym.events.pipeline import flow, subjects
from faastraingym.events.ports import Bucket, LostObject, ObjectStore, Recorded
from faastraingym.schemas import event_backup, keys
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Message, RewardsReady


async def is_kept(run: str, objects: ObjectStore, bucket: Bucket) -> bool:
    """Whether the store holds what a run's log can be published again from."""
    return bool(await objects.find(keys.manifest(run)) or await copies(run, bucket))


async def copies(run: str, bucket: Bucket) -> list[str]:
    """The keys of a run's copies, in the log's order; what else lies there is not ours."""
    found = await bucket.keys(keys.logs(run))
    return sorted(
        (key for key in found if keys.logged(key)), key=lambda key: keys.logged(key) or ()
    )


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
    """What a copy holds; of a lost one nothing, and what it held is done again."""
    ref = await objects.find(key)
    try:
        return event_backup.load(await objects.get(ref)) if ref else []
    except (LostObject, MessageError):
        return []


def quiet_first(facts: Iterable[Message]) -> list[Message]:
    """The facts, effects before their causes, else in the order that they have."""
    return sorted(facts, key=_loudness)


def _loudness(fact: Message) -> tuple[int, int]:
    newest_first = -fact.version if isinstance(fact, RewardsReady) else 0
    return flow.LINES[type(fact)].rank, newest_first
