"""The log of facts, kept in the object store too, and said again where the broker lost it.

Copies are pieces of a run's facts in the log's order, named by their position: whoever writes one
writes what came after the last. Saying a fact twice changes nothing, so saying too many does not
matter.
"""

from collections.abc import Iterable, Sequence

from events import subjects
from events.ports import LostObject, ObjectStore, Recorded
from schemas import archive, keys
from schemas.errors import MessageError
from schemas.messages import (
    Message,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    RunRequested,
    RunStarted,
)


async def keep(run: str, said: Sequence[Recorded], copied: int, objects: ObjectStore) -> None:
    """Copy what was said after the first `copied` facts, if anything was."""
    if copied < len(said):
        facts = [record.fact for record in said[copied:]]
        await objects.put(keys.log(run, copied, len(said)), archive.dump(facts))


async def recall(copies: Iterable[str], objects: ObjectStore) -> list[Message]:
    """The facts in the copies with these keys, each once, in the order to say them again."""
    found: dict[str, Message] = {}
    for key in sorted(copies, key=keys.logged):
        for fact in await _read(key, objects):
            found.setdefault(subjects.of(fact), fact)
    return quiet_first(found.values())


async def _read(key: str, objects: ObjectStore) -> list[Message]:
    """What a copy holds; of a lost one nothing, and what it held is done again."""
    ref = await objects.find(key)
    try:
        return archive.load(await objects.get(ref)) if ref else []
    except (LostObject, MessageError):
        return []


def held(copies: Iterable[str]) -> int:
    """How many facts the copies with these keys hold together."""
    return max((keys.logged(key)[1] for key in copies), default=0)


# A version's commit comes before the fact from which it was made: who hears that one sees that
# there is nothing left to do.
_RANK: dict[type[Message], int] = {
    PolicyUpdated: 0,
    RewardsReady: 2,
    RolloutCompleted: 3,
    RunStarted: 4,
    RunRequested: 5,
}


def quiet_first(facts: Iterable[Message]) -> list[Message]:
    """The facts, effects before their causes, else in the order that they have."""
    return sorted(facts, key=lambda fact: _RANK.get(type(fact), 1))
