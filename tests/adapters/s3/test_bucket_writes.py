"""Whether a store takes writes: weed accepts connections before it does."""

import asyncio

import pytest

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.settings import Login
from tests.servers import LOGIN, WeedServer


async def test_a_store_that_works_takes_writes(weed_server: WeedServer) -> None:
    """Within the time given; to create a bucket twice is no error."""
    bucket = Bucket(weed_server.url, "probed", LOGIN)
    await bucket.ensure()
    await bucket.ensure()
    assert await bucket.takes_writes(10.0)
    store = S3ObjectStore(weed_server.url, "probed", LOGIN)
    assert await store.keys("") == [".probe"]
    await store.close()


async def test_a_store_that_accepts_and_does_not_answer_takes_none() -> None:
    """It is not waited for longer than asked."""
    silent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        assert not await Bucket(f"http://{host}:{port}", "probed", LOGIN).takes_writes(0.2)
        silent.set()


async def test_a_bucket_of_somebody_else_is_not_taken_for_ours(weed_server: WeedServer) -> None:
    """S3 tells a stranger only that he may not look."""
    await Bucket(weed_server.url, "owned", LOGIN).ensure()
    with pytest.raises(Refused, match="create bucket owned: the store answered 403"):
        await Bucket(weed_server.url, "owned", Login(LOGIN.user, "a wrong key")).ensure()
