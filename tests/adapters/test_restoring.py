"""The store as the maker of a lost object sees it."""

import pytest

from adapters.restoring import RestoringObjects
from schemas.errors import RunFault
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
