"""Copies of the log in the store, and what is said again from them."""

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.pipeline import event_backup
from faastraingym.events.ports import Recorded
from faastraingym.schemas import keys
from faastraingym.schemas.messages import Message, PolicyUpdated, RewardsReady, RolloutCompleted
from tests.events import facts
from tests.events.facts import collected, evaluated, ready, updated
from tests.fakes import InMemoryObjectStore

RUN: list[Message] = [
    facts.REQUESTED,
    facts.STARTED,
    updated(0),
    collected(0, 0),
    collected(0, 1),
    ready(0),
    updated(1),
    evaluated(1, 5.0),
]


def recorded(said: list[Message]) -> list[Recorded]:
    return [Recorded(i + 1, 1000.0 + i, fact) for i, fact in enumerate(said)]


async def copy(objects: InMemoryObjectStore, said: list[Message]) -> list[str]:
    """The copies after one more tick."""
    copied = event_backup.held(await event_backup.copies("r", objects))
    await event_backup.keep("r", recorded(said)[copied:], copied, objects)
    return await event_backup.copies("r", objects)


async def test_every_tick_copies_what_is_new_and_nothing_twice() -> None:
    objects = InMemoryObjectStore()
    assert await copy(objects, RUN[:3]) == [keys.log("r", 0, 3)]
    assert await copy(objects, RUN[:3]) == [keys.log("r", 0, 3)]
    pieces = await copy(objects, RUN)
    assert pieces == [keys.log("r", 0, 3), keys.log("r", 3, 8)]
    assert event_backup.held(pieces) == 8
    assert event_backup.held([]) == 0


async def test_what_else_lies_beside_the_copies_is_not_ours() -> None:
    objects = InMemoryObjectStore()
    for name in ("readme.txt", "1-x.msgpack", "٣-4.msgpack", "-.msgpack"):
        objects.data[keys.logs("r") + name] = b"x"
    assert await copy(objects, RUN[:3]) == [keys.log("r", 0, 3)]


async def test_what_was_copied_is_recalled_each_once() -> None:
    """Two that copied at the same time overlap, and that does not matter."""
    objects = InMemoryObjectStore()
    await event_backup.keep("r", recorded(RUN[:5]), 0, objects)
    await event_backup.keep("r", recorded(RUN[:6]), 0, objects)
    await event_backup.keep("r", recorded(RUN[6:]), 6, objects)
    again = await event_backup.recall(await objects.keys(keys.logs("r")), objects)
    assert sorted(map(str, again)) == sorted(map(str, RUN))


async def test_a_copy_that_was_altered_is_as_good_as_none() -> None:
    """What it held is done again; the others are said."""
    objects = InMemoryObjectStore()
    await copy(objects, RUN[:3])
    first, second = await copy(objects, RUN)
    objects.data[first] = b"\xc1"
    again = await event_backup.recall([first, second], objects)
    assert sorted(map(str, again)) == sorted(map(str, RUN[3:]))


@given(st.permutations(RUN))
def test_effects_are_said_again_before_their_causes(said: list[Message]) -> None:
    """Who hears a cause finds its effect in the log and does nothing."""
    order = [type(fact) for fact in event_backup.quiet_first(said)]
    assert order[:2] == [PolicyUpdated] * 2
    assert order[-5:-1] == [RewardsReady, RolloutCompleted, RolloutCompleted, type(facts.STARTED)]


def test_of_rewards_the_newest_are_said_first() -> None:
    """With a policy lag they follow from those before: the rollouts ran beside the update."""
    said = [facts.ready(version, lag=min(version, 1)) for version in range(3)]
    assert event_backup.quiet_first([*said, facts.STARTED]) == [*reversed(said), facts.STARTED]
