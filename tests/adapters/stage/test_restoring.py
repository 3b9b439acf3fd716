"""The store as the maker of a lost object sees it."""

import pytest

from faastraingym.adapters.stage.restoring import RestoringObjects
from faastraingym.schemas.errors import RunFault
from tests.fakes import InMemoryObjectStore


async def test_the_lost_object_is_written_again_whatever_lies_there() -> None:
    store = InMemoryObjectStore()
    lost = await store.put("k", b"as it was")
    store.data["k"] = b"altered"
    objects = RestoringObjects(store, lost)
    assert await objects.put("k", b"as it was") == lost
    assert objects.restored
    assert await objects.get(lost) == b"as it was"


async def test_other_bytes_are_answered_as_if_another_maker_had_been_first() -> None:
    """So a maker that derives the object from what another stored still can."""
    store = InMemoryObjectStore()
    lost = await store.put("k", b"as it was")
    del store.data["k"]
    objects = RestoringObjects(store, lost)
    assert await objects.put("k", b"from another processor") == lost
    assert store.data == {}
    assert await objects.replace("k", b"as it was") == lost
    assert store.data == {"k": b"as it was"}


async def test_who_reads_the_lost_object_before_it_is_made_is_told_why_it_is_not() -> None:
    """Not that it is missing, which would ask for it once more, without end."""
    store = InMemoryObjectStore()
    lost = await store.put("k", b"as it was")
    del store.data["k"]
    objects = RestoringObjects(store, lost)
    await objects.put("k", b"from another processor")
    with pytest.raises(RunFault, match="k was lost; made again it has SHA-256"):
        await objects.get(lost)


async def test_what_was_made_together_is_written_whatever_lies_there_if_it_is_as_it_was() -> None:
    """A policy is lost, and the learner state from which it is projected was altered."""
    store = InMemoryObjectStore()
    learner, policy = await store.put("learner", b"state"), await store.put("policy", b"projected")
    store.data = {"learner": b"altered"}
    objects = RestoringObjects(store, policy, [learner, policy])
    assert await objects.put("learner", b"state") == learner
    assert not objects.restored
    assert await objects.put("policy", b"projected") == policy
    assert objects.restored
    assert store.data == {"learner": b"state", "policy": b"projected"}


async def test_what_was_made_together_elsewhere_is_left_as_it_is() -> None:
    """Another processor gives other bits, and the policy follows the state that lies there."""
    store = InMemoryObjectStore()
    learner, policy = await store.put("learner", b"state"), await store.put("policy", b"projected")
    del store.data["policy"]
    objects = RestoringObjects(store, policy, [learner, policy])
    assert await objects.put("learner", b"other bits") == learner
    assert await objects.get(learner) == b"state"
    assert await objects.put("policy", b"projected") == policy
    assert objects.restored
