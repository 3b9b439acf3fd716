"""Objects on any S3 (SeaweedFS, MinIO, AWS), written once and held to their digest when read.

A put and a get are one round trip each. The calls block, so they run in a few threads of their own.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import urllib3

from adapters.errors import ObjectAltered, ObjectMissing, Refused, Unavailable, translated
from adapters.s3_signature import authorized, encoded
from adapters.settings import Login
from adapters.spans import span
from schemas.references import ObjectRef

if TYPE_CHECKING:
    from adapters.bucket import Bucket

DIGEST = "x-amz-meta-sha256"  # kept with the object, so that a HEAD tells the whole reference
CONNECTIONS = 16
TIMEOUT = urllib3.Timeout(connect=2.0, read=15.0)  # seconds
# Repeating is safe: a put that did arrive answers 412 the second time.
RETRIES = urllib3.Retry(
    total=3,
    allowed_methods=None,
    status_forcelist=(429, 502, 503, 504),  # a 500 has been tried often enough by the store itself
    backoff_factor=0.1,
    raise_on_status=False,
    redirect=False,
)

T = TypeVar("T")


def pool() -> urllib3.PoolManager:
    """Keep-alive connections with short time-outs and bounded repeats."""
    return urllib3.PoolManager(maxsize=CONNECTIONS, block=True, timeout=TIMEOUT, retries=RETRIES)


class S3ObjectStore:
    """The ObjectStore and Bucket ports on a bucket of an S3 store."""

    def __init__(self, url: str, bucket: str, login: Login) -> None:
        self._url = urlsplit(url)
        self._bucket = bucket
        self._login = login
        self._pool = pool()
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="s3")

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; the reference is of what lies there, whoever wrote it first."""
        return await self._call(
            f"put {self._name(key)}", lambda: self._put(key, data, content_type)
        )

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes.

        Raises:
            ObjectMissing: there is no such object.
            ObjectAltered: its size or SHA-256 is not the reference's, or its disk has altered it.
        """
        return await self._call(f"get {ref.bucket}/{ref.key}", lambda: self._get(ref))

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        return await self._call(f"find {self._name(key)}", lambda: self._find(key))

    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object is there, and is what the reference says."""
        try:
            await self.get(ref)
        except (ObjectMissing, ObjectAltered):
            return False
        return True

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write, whatever lies there: only for bytes that a reference asks for."""
        return await self._call(f"replace {self._name(key)}", lambda: self._replace(key, data))

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        return await self._whole().keys(prefix)

    async def folders(self, prefix: str) -> list[str]:
        """What follows `prefix` up to the next `/` in the keys that begin with it, sorted."""
        return await self._whole().folders(prefix)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove these objects; those that are not there are no error."""
        removals = (self._call(f"delete {self._name(k)}", partial(self._delete, k)) for k in keys)
        await asyncio.gather(*removals)

    async def close(self) -> None:
        """Let running calls end and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._pool.clear()

    async def _call(self, what: str, function: Callable[[], T]) -> T:
        with span("store"), translated(f"{self._url.netloc}: {what}"):
            return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _whole(self) -> "Bucket":
        from adapters.bucket import Bucket  # what few stages need shall cost no other a cold start

        return Bucket(self._url.geturl(), self._bucket, self._login)

    def _replace(self, key: str, data: bytes) -> ObjectRef:
        digest = hashlib.sha256(data).hexdigest()
        headers = {"Content-Type": "application/msgpack", DIGEST: digest}
        self._expect(self._request("PUT", self._bucket, key, headers, data), key)
        return ObjectRef(bucket=self._bucket, key=key, size=len(data), sha256=digest)

    def _delete(self, key: str) -> None:
        response = self._request("DELETE", self._bucket, key)
        if response.status != 404:
            self._expect(response, key)

    def _put(self, key: str, data: bytes, content_type: str) -> ObjectRef:
        digest = hashlib.sha256(data).hexdigest()
        headers = {"If-None-Match": "*", "Content-Type": content_type, DIGEST: digest}
        response = self._request("PUT", self._bucket, key, headers, data)
        if response.status == 412:
            there = self._find(key)
            if there is None:
                raise Unavailable(f"{self._name(key)} vanished while it was being written")
            return there
        self._expect(response, key)
        return ObjectRef(bucket=self._bucket, key=key, size=len(data), sha256=digest)

    def _get(self, ref: ObjectRef) -> bytes:
        response = self._request("GET", ref.bucket, ref.key)
        if response.status == 404:
            raise ObjectMissing(f"object {ref.bucket}/{ref.key} is not in the store", ref)
        if response.status == 500 and self._request("HEAD", ref.bucket, ref.key).status == 200:
            # SeaweedFS says so, after 13 s, of a blob that fails its own checksum. If it is more
            # that is wrong, making the object again does no harm.
            raise ObjectAltered(f"the store cannot read its object {ref.bucket}/{ref.key}", ref)
        self._expect(response, ref.key)
        data = response.data
        if len(data) != ref.size or hashlib.sha256(data).hexdigest() != ref.sha256:
            raise ObjectAltered(
                f"object {ref.bucket}/{ref.key} is not what its reference says: "
                f"{len(data)} bytes with SHA-256 {hashlib.sha256(data).hexdigest()}, "
                f"expected {ref.size} with {ref.sha256}",
                ref,
            )
        return data

    def _find(self, key: str) -> ObjectRef | None:
        response = self._request("HEAD", self._bucket, key)
        if response.status == 404:
            return None
        self._expect(response, key)
        size, digest = int(response.headers["Content-Length"]), response.headers.get(DIGEST)
        if digest is None:  # somebody else's upload
            response = self._request("GET", self._bucket, key)
            self._expect(response, key)
            data = response.data
            size, digest = len(data), hashlib.sha256(data).hexdigest()
        return ObjectRef(bucket=self._bucket, key=key, size=size, sha256=digest)

    def _request(
        self,
        method: str,
        bucket: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> urllib3.BaseHTTPResponse:
        path = encoded(bucket, key)
        signed = authorized(
            method, self._url.netloc, path, headers or {}, body, self._login, time.time()
        )
        url = f"{self._url.scheme}://{self._url.netloc}{path}"
        return self._pool.urlopen(method, url, body=body or None, headers=signed)

    def _expect(self, response: urllib3.BaseHTTPResponse, key: str) -> None:
        if response.status < 300:
            return
        what = f"object {self._name(key)}: the store answered {response.status}"
        if response.status >= 500 or response.status in (409, 429):
            raise Unavailable(what)
        raise Refused(
            f"{what}: {response.data[:300]!r}; check the secret ftg-s3-<role>, the bucket, "
            "and what the role may (docs/security.md)"
        )

    def _name(self, key: str) -> str:
        return f"{self._bucket}/{key}"
