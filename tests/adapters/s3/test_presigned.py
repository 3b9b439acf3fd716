"""A URL that anybody may GET: on a real store, of one object alone, until it expires."""

import time
import urllib.error
import urllib.request

import pytest

from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.s3.signature import presigned
from tests.servers import LOGIN, WeedServer

KEY, OTHER = "runs/shown/a b+é.msgpack", "runs/shown/other"


def status(url: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(  # noqa: S310
        url, data=b"x" if method == "PUT" else None, method=method
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


@pytest.fixture
async def url(weed_server: WeedServer) -> str:
    """The store's, with two objects in it."""
    await Bucket(weed_server.url, "test", LOGIN).ensure()
    store = S3ObjectStore(weed_server.url, "test", LOGIN)
    await store.put(KEY, b"shown")
    await store.put(OTHER, b"not shown")
    await store.close()
    return weed_server.url


async def test_it_reads_its_object_and_no_other_and_writes_nothing(url: str) -> None:
    signed = presigned(url, "test", KEY, LOGIN, time.time(), 60)
    assert status(signed) == (200, b"shown")
    where = presigned(url, "test", OTHER, LOGIN, time.time(), 60).partition("?")[0]
    assert status(f"{where}?{signed.partition('?')[2]}")[0] == 403
    assert status(signed, "PUT")[0] == 403
    assert status(signed.replace("Expires=60", "Expires=6000"))[0] == 403
    assert status(signed.partition("?")[0])[0] == 403


async def test_it_expires(url: str) -> None:
    """Signed two minutes ago for one."""
    assert status(presigned(url, "test", KEY, LOGIN, time.time() - 120, 60))[0] in (400, 403)
