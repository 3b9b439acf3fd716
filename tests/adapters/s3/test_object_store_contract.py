"""The ObjectStore port: one suite for the fake and for S3ObjectStore on a real SeaweedFS."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncIterator
from io import BytesIO
from typing import cast

import pytest
from minio import Minio

from faastraingym.adapters.errors import ObjectAltered, ObjectMissing, Refused, Unavailable
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.settings import Login
from faastraingym.schemas.references import ObjectRef
from tests.fakes import InMemoryObjectStore
from tests.servers import LOGIN, Server, WeedServer, free_ports


class Underneath:
    """The store behind the port's back."""

    def __init__(self, store: InMemoryObjectStore | S3ObjectStore, client: Minio | None) -> None:
        self.store = store
        self._client = client

    def write(self, key: str, data: bytes) -> None:
        if self._client is not None:
            self._client.put_object("test", key, BytesIO(data), len(data))
        elif isinstance(self.store, InMemoryObjectStore):
            self.store.data[key] = data

    def delete(self, key: str) -> None:
        if self._client is not None:
            self._client.remove_object("test", key)
        elif isinstance(self.store, InMemoryObjectStore):
            del self.store.data[key]


@pytest.fixture(params=["fake", "seaweedfs"])
async def underneath(request: pytest.FixtureRequest) -> AsyncIterator[Underneath]:
    if request.param == "fake":
        yield Underneath(InMemoryObjectStore(), None)
        return
    server: WeedServer = request.getfixturevalue("weed_server")
    await Bucket(server.url, "test", LOGIN).ensure()
    store = S3ObjectStore(server.url, "test", LOGIN)
    host = server.url.removeprefix("http://")
    yield Underneath(store, Minio(host, LOGIN.user, LOGIN.password, secure=False))
    await store.close()


@pytest.fixture
def store(underneath: Underneath) -> InMemoryObjectStore | S3ObjectStore:
    return underneath.store


def new_key() -> str:
    return f"runs/{uuid.uuid4().hex}/a b+é.msgpack"


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 4096])
async def test_what_was_put_is_got(store: S3ObjectStore, data: bytes) -> None:
    """The reference says bucket, key, size and SHA-256; get gives the bytes."""
    key = new_key()
    ref = await store.put(key, data)
    digest = hashlib.sha256(data).hexdigest()
    assert ref == ObjectRef(bucket="test", key=key, size=len(data), sha256=digest)
    assert await store.get(ref) == data
    assert await store.find(key) == ref


async def test_the_first_writer_wins(store: S3ObjectStore) -> None:
    """The second gets a reference to what the first wrote."""
    key = new_key()
    first = await store.put(key, b"first")
    assert await store.put(key, b"the second") == first
    assert await store.get(first) == b"first"


async def test_of_many_writers_one_wins(store: S3ObjectStore) -> None:
    """Sixteen at once: all hold the same reference, and it is true."""
    key = new_key()
    refs = await asyncio.gather(*(store.put(key, b"%d" % i * (i + 1)) for i in range(16)))
    assert set(refs) == {refs[0]}
    assert len(await store.get(refs[0])) == refs[0].size


async def test_an_absent_object_is_not_found(store: S3ObjectStore) -> None:
    """find says so by None."""
    assert await store.find(new_key()) is None


async def test_find_knows_objects_that_somebody_else_wrote(underneath: Underneath) -> None:
    """Without our digest beside it, the digest is of the bytes."""
    key = new_key()
    underneath.write(key, b"uploaded by hand")
    ref = await underneath.store.find(key)
    assert ref is not None
    assert ref.sha256 == hashlib.sha256(b"uploaded by hand").hexdigest()
    assert await underneath.store.put(key, b"ours") == ref


@pytest.mark.parametrize("altered", [b"Data", b"data and more", b""])
async def test_an_altered_object_is_refused(underneath: Underneath, altered: bytes) -> None:
    """Same size or not; the error names the key."""
    key = new_key()
    ref = await underneath.store.put(key, b"data")
    underneath.delete(key)
    underneath.write(key, altered)
    with pytest.raises(ObjectAltered, match=f"test/{key.replace('+', '[+]')}"):
        await underneath.store.get(ref)


async def test_a_deleted_object_is_missing(underneath: Underneath) -> None:
    """The error names the key."""
    key = new_key()
    ref = await underneath.store.put(key, b"data")
    underneath.delete(key)
    with pytest.raises(ObjectMissing, match=f"test/{key.replace('+', '[+]')}"):
        await underneath.store.get(ref)


@pytest.fixture
def mortal_store(mortal_weed_server: WeedServer) -> Server:
    """A store of one's own, whose disk may be meddled with."""
    return mortal_weed_server


@pytest.mark.parametrize("size", [100, 200_000, 3_000_000])
async def test_bytes_that_the_disk_altered_are_refused(mortal_store: Server, size: int) -> None:
    """The store's own checksum fails: no transient error, and the object can be replaced.

    In the middle, where the store may have begun to send it.
    """
    await Bucket(mortal_store.url, "test", LOGIN).ensure()
    store = S3ObjectStore(mortal_store.url, "test", LOGIN)
    data = random.Random(size).randbytes(size)
    ref, at = await store.put("k", data), size // 2
    marked = data[at : at + 32]
    files = [path for path in mortal_store.directory.rglob("*") if path.is_file()]
    (file,) = [path for path in files if marked in path.read_bytes()]
    with file.open("r+b") as disk:
        disk.seek(file.read_bytes().find(marked) + 7)
        disk.write(bytes([marked[7] ^ 1]))
    with pytest.raises(ObjectAltered, match="cannot read its object test/k"):
        await store.get(ref)
    assert not await store.holds(ref)
    assert await store.replace("k", data) == ref
    assert await store.get(ref) == data
    await store.close()


async def test_a_store_that_dies_is_away_and_alters_nothing(mortal_store: Server) -> None:
    """Nor is what it then cannot tell of: it is there again when the store is."""
    await Bucket(mortal_store.url, "test", LOGIN).ensure()
    store = S3ObjectStore(mortal_store.url, "test", LOGIN)
    ref = await store.put("k", b"x" * 3_000_000)
    mortal_store.kill()
    with pytest.raises(Unavailable):
        await store.get(ref)
    with pytest.raises(Unavailable):
        await store.holds(ref)
    mortal_store.start()
    assert await _readable_again(store, ref) == b"x" * 3_000_000
    await store.close()


async def _readable_again(store: S3ObjectStore, ref: ObjectRef) -> bytes:
    """SeaweedFS that has just begun may know of an object before it finds its volume."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.get(ref)
            except (Unavailable, ObjectAltered):
                await asyncio.sleep(0.2)


async def test_a_bucket_that_is_missing_has_no_objects(weed_server: WeedServer) -> None:
    store = S3ObjectStore(weed_server.url, "never-made", LOGIN)
    assert await store.keys("") == []
    await store.close()


class Halfway(asyncio.Protocol):
    """A server that dies in the middle of each answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        self._transport.close()


async def test_an_answer_that_is_cut_off_by_an_outage_is_no_altered_object() -> None:
    """Whoever is asked then does not know of the object either."""
    server = await asyncio.get_running_loop().create_server(Halfway, "127.0.0.1", 0)
    async with server:
        (port,) = (one.getsockname()[1] for one in server.sockets)
        store = S3ObjectStore(f"http://127.0.0.1:{port}", "test", LOGIN)
        ref = ObjectRef(bucket="test", key="k", size=9, sha256="a" * 64)
        with pytest.raises(Unavailable, match="before the answer was whole"):
            await store.get(ref)
        await store.close()


async def test_a_replaced_object_is_what_was_written_last(underneath: Underneath) -> None:
    """Missing, altered or whole before; conditional writes find it afterwards."""
    store, key = underneath.store, new_key()
    first = await store.replace(key, b"first")
    assert await store.get(first) == b"first"
    second = await store.replace(key, b"second")
    assert await store.get(second) == b"second"
    assert await store.put(key, b"third") == second


async def test_keys_and_folders_are_listed_and_objects_removed(store: S3ObjectStore) -> None:
    """Sorted; removing what is not there is no error."""
    prefix = f"runs/{uuid.uuid4().hex}/"
    keys = [prefix + name for name in ("a", "b/1", "b/2", "c d/é")]
    for key in keys:
        await store.put(key, b"x")
    assert await store.keys(prefix) == keys
    assert await store.keys(prefix + "b/") == keys[1:3]
    assert await store.folders(prefix) == ["b", "c d"]
    await store.delete([keys[0], keys[2], prefix + "absent"])
    assert await store.keys(prefix) == [keys[1], keys[3]]
    await store.delete([])


async def test_a_wrong_key_is_refused(weed_server: WeedServer) -> None:
    """Trying again cannot help; the sentence says what to look at."""
    store = S3ObjectStore(weed_server.url, "test", Login(LOGIN.user, "wrong"))
    with pytest.raises(Refused, match=r"403.*secret ftg-s3"):
        await store.put(new_key(), b"x")
    with pytest.raises(Refused, match=r"403.*secret ftg-s3"):
        await store.keys("")
    await store.close()


async def test_a_store_that_is_away_is_unavailable() -> None:
    """Nobody listens: a transient error that names the address and the object."""
    (port,) = free_ports(1)
    store = S3ObjectStore(f"http://127.0.0.1:{port}", "test", LOGIN)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}: put test/k"):
        await store.put("k", b"x")
    await store.close()


async def test_what_somebody_put_there_is_read_up_to_a_limit(underneath: Underneath) -> None:
    key, store = new_key(), underneath.store
    assert await store.read(key, 10) is None
    underneath.write(key, b"0123456789")
    assert [await store.read(key, limit) for limit in (4, 10, 99)] == [
        b"0123",
        b"0123456789",
        b"0123456789",
    ]
    underneath.write(key, b"")
    assert await store.read(key, 10) == b""


async def test_what_is_written_is_what_lies_there(underneath: Underneath) -> None:
    """The last writer wins, and a reference can be had to what it wrote."""
    key, store = new_key(), underneath.store
    for data in (b"first", b"the second"):
        await store.write(key, data, "text/plain")
        assert await store.read(key, 99) == data
        assert await store.get(await store.find(key)) == data  # type: ignore[arg-type]


async def test_a_list_of_several_pages_is_whole(store: S3ObjectStore) -> None:
    """A store tells a thousand keys at once; names are as they were written."""
    prefix = f"runs/{uuid.uuid4().hex}/"
    keys = [f"{prefix}{i % 3}/é & <{i}>+%.msgpack" for i in range(1_100)]
    for begin in range(0, len(keys), 50):
        await asyncio.gather(*(store.put(key, b"x") for key in keys[begin : begin + 50]))
    assert await store.keys(prefix) == sorted(keys)
    assert await store.folders(prefix) == ["0", "1", "2"]
    assert await store.keys(prefix + "none/") == []
