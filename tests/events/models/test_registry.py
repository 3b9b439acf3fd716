"""The registry on the fake store and on a real SeaweedFS: who wins a number, and what is unsaid."""

import asyncio

import pytest
from msgspec.structs import replace

from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import subjects
from faastraingym.schemas import keys
from faastraingym.schemas.errors import ModelError, PayloadError
from faastraingym.schemas.models import ModelVersion, Named
from tests.adapters.s3.test_object_store_contract import store, underneath
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.fakes import InMemoryObjectStore
from tests.servers import weed_server

__all__ = ["store", "underneath", "weed_server"]


@pytest.fixture
async def registry(store: S3ObjectStore) -> Registry:
    """An empty one: the bucket is shared by all tests."""
    await store.delete(await store.keys(keys.MODELS))
    return Registry(store, store)


async def test_a_number_has_one_writer(registry: Registry) -> None:
    """Of sixteen at once; what one of them is told does not change when it asks again."""
    moves = [replace(A_MOVE, version=number) for number in range(1, 17)]
    won = await asyncio.gather(*map(registry.add, moves))
    assert sum(won) == 1
    (kept,) = (await registry.moves("cartpole"))["champion"]
    assert kept == moves[won.index(True)]
    assert await asyncio.gather(*map(registry.add, moves)) == won


async def test_versions_are_found_by_number_by_alias_and_as_the_newest(registry: Registry) -> None:
    """Ten comes after two."""
    for number in (1, 2, 10):
        assert await registry.add(replace(A_VERSION, version=number))
    await registry.add(replace(A_VERSION, model="another"))
    await registry.add(A_MOVE)
    await registry.add(replace(A_MOVE, number=2, version=2, previous=1))
    assert [each.version for each in await registry.versions("cartpole")] == [1, 2, 10]
    named = [Named("cartpole"), Named("cartpole", "champion"), Named("cartpole", version=1)]
    found = [(await registry.find(each)).version for each in named]
    assert found == [10, 2, 1]
    assert await registry.names() == ["another", "cartpole"]
    with pytest.raises(ModelError, match="cartpole/3: there is no such version; cartpole has 1 to"):
        await registry.find(Named("cartpole", version=3))


async def test_an_object_is_what_its_digest_says(registry: Registry, store: S3ObjectStore) -> None:
    """One that lies there altered is written anew by whoever keeps it again."""
    kept = await registry.keep("cartpole", b"a policy")
    assert await registry.read("cartpole", kept) == b"a policy"
    key = keys.model_object("cartpole", kept.sha256)
    await store.write(key, b"altered!", "application/msgpack")
    with pytest.raises(PayloadError, match="is altered in the store"):
        await registry.read("cartpole", kept)
    assert await registry.keep("cartpole", b"a policy") == kept
    assert await registry.read("cartpole", kept) == b"a policy"
    await store.delete([key])
    with pytest.raises(PayloadError, match=f"{key} is lost in the store"):
        await registry.read("cartpole", kept)


async def test_what_the_log_lacks_is_told_by_the_store(registry: Registry) -> None:
    """Versions, then moves as they were made; what the log has is not read."""
    await registry.add(A_VERSION)
    await registry.add(replace(A_VERSION, version=2))
    await registry.add(replace(A_MOVE, alias="best", at=3.0))
    await registry.add(A_MOVE)
    facts = await registry.unsaid([])
    assert [subjects.of(fact) for fact in facts] == [
        "ftg.model.registered.models.cartpole.1",
        "ftg.model.registered.models.cartpole.2",
        "ftg.model.promoted.models.cartpole.champion.1",
        "ftg.model.promoted.models.cartpole.best.1",
    ]
    assert await registry.unsaid([fact.identified for fact in facts]) == []
    known = [fact.identified for fact in facts[:-1]]
    assert await registry.unsaid(known) == facts[-1:]


async def test_an_unreadable_record_is_told() -> None:
    objects = InMemoryObjectStore()
    objects.data[keys.model("cartpole", 1)] = b"\x00"
    with pytest.raises(PayloadError, match="not a ModelVersion"):
        await Registry(objects, objects).versions("cartpole")


def test_keys_are_read_as_they_are_written() -> None:
    """What else lies there is neither a version nor a move."""
    assert keys.registered(keys.model("cartpole", 12)) == ("cartpole", 12)
    assert keys.promoted(keys.promotion("cartpole", "best", 3)) == ("cartpole", "best", 3)
    others = [
        keys.model_object("cartpole", "a" * 64),
        "models/cartpole/012/manifest.msgpack",
        "models/cartpole/1/manifest.msgpack.old",
        "models/a/b/1/manifest.msgpack",
    ]
    assert [keys.registered(key) or keys.promoted(key) for key in others] == [None] * 4


def test_a_version_is_its_name_and_number() -> None:
    assert isinstance(A_VERSION, ModelVersion)
    assert str(A_VERSION) == "cartpole/1"
