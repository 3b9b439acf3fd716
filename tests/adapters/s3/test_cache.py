"""What a warm replica keeps: bytes by digest, the most recently used ones."""

import pytest

from faastraingym.adapters.errors import ObjectMissing
from faastraingym.adapters.s3.cache import CachedObjects
from tests.fakes import InMemoryObjectStore


async def test_a_kept_object_is_not_fetched_again() -> None:
    """Objects never change, so the copy serves even when the store lost the object."""
    store = InMemoryObjectStore()
    cache = CachedObjects(store)
    ref = await cache.put("key", b"data")
    store.data.clear()
    assert await cache.get(ref) == b"data"


async def test_the_least_recently_used_goes_first() -> None:
    """Within the capacity, in bytes."""
    store = InMemoryObjectStore()
    cache = CachedObjects(store, capacity=8)
    refs = [await cache.put(str(i), bytes([i]) * 4) for i in range(2)]
    await cache.get(refs[0])
    await cache.put("2", b"\x02" * 4)
    store.data.clear()
    assert await cache.get(refs[0]) == b"\x00" * 4
    with pytest.raises(ObjectMissing):
        await cache.get(refs[1])


async def test_a_lost_race_keeps_nothing_false() -> None:
    """Somebody else's bytes are never served under our name, nor ours under theirs."""
    store = InMemoryObjectStore()
    store.data["key"] = b"first"
    cache = CachedObjects(store)
    ref = await cache.put("key", b"later")
    assert await cache.get(ref) == b"first"
