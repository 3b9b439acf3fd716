"""Objects on any S3 (SeaweedFS, MinIO, AWS), written once, verified by digest when read.

A put and a get are one round trip each, over persistent connections, on the event loop.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from faastraingym.adapters.errors import ObjectAltered, ObjectMissing, Refused, Unavailable
from faastraingym.adapters.http.client import Broken, HttpClient, Reply, locate, repeated
from faastraingym.adapters.http.connection import CutOff
from faastraingym.adapters.s3.listing import Page, page, query
from faastraingym.adapters.s3.signature import EMPTY, authorized, encoded
from faastraingym.adapters.settings import Login
from faastraingym.adapters.stage.spans import span
from faastraingym.events.ports import Listed
from faastraingym.schemas.references import ObjectRef

DIGEST = "x-amz-meta-sha256"  # stored with the object, so a HEAD gives the whole reference
CONNECTIONS = 16
SECONDS = 30.0  # for one attempt
# Repeating is safe: a put that did arrive answers 412 the second time.
PAUSES = (0.0, 0.2, 0.4)  # seconds before an attempt is repeated
UNREADABLE = b"<Code>SlowDownRead</Code>"  # of MinIO: neither busy nor a reason to wait
BUSY = (429, 502, 503, 504)  # a 500 has been tried often enough by the store itself


class S3ObjectStore:
    """The ObjectStore and Bucket ports on a bucket of an S3 store."""

    def __init__(self, url: str, bucket: str, login: Login) -> None:
        self._url = urlsplit(url)
        self._bucket = bucket
        self._login = login
        self._client = HttpClient(locate(url)[0])
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; the reference is of the object that was written first."""
        digest = hashlib.sha256(data).hexdigest()
        headers = {"If-None-Match": "*", "Content-Type": content_type, DIGEST: digest}
        with self._doing(f"put {self._name(key)}"):
            reply = await self._request("PUT", self._bucket, key, headers, data)
            if reply.status == 412:
                there = await self._find(key)
                if there is None:
                    raise Unavailable(f"{self._name(key)} vanished while it was being written")
                return there
        self._expect(reply, key)
        return ObjectRef(bucket=self._bucket, key=key, size=len(data), sha256=digest)

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes.

        Raises:
            ObjectMissing: there is no such object.
            ObjectAltered: its size or SHA-256 is not the reference's, or its disk has altered it.
        """
        with self._doing(f"get {ref.bucket}/{ref.key}"):
            reply = await self._readable(ref)
            if reply.status == 404:
                raise ObjectMissing(f"object {ref.bucket}/{ref.key} is not in the store", ref)
        self._expect(reply, ref.key)
        digest = hashlib.sha256(reply.body).hexdigest()
        if len(reply.body) != ref.size or digest != ref.sha256:
            raise ObjectAltered(
                f"object {ref.bucket}/{ref.key} is not what its reference says: "
                f"{len(reply.body)} bytes with SHA-256 {digest}, "
                f"expected {ref.size} with {ref.sha256}",
                ref,
            )
        return reply.body

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""
        with self._doing(f"find {self._name(key)}"):
            return await self._find(key)

    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object exists and matches the reference."""
        try:
            await self.get(ref)
        except (ObjectMissing, ObjectAltered):
            return False
        return True

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Overwrite: only for bytes that a reference asks for."""
        await self.write(key, data, "application/msgpack")
        digest = hashlib.sha256(data).hexdigest()
        return ObjectRef(bucket=self._bucket, key=key, size=len(data), sha256=digest)

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Write or overwrite."""
        headers = {"Content-Type": content_type, DIGEST: hashlib.sha256(data).hexdigest()}
        with self._doing(f"write {self._name(key)}"):
            reply = await self._request("PUT", self._bucket, key, headers, data)
        self._expect(reply, key)

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        """The first `limit` bytes, at most, of an outside object; None when there is none.

        With an `etag`: None, too, when the object has another one by now.
        """
        headers = {"Range": f"bytes=0-{limit - 1}"} | ({"If-Match": f'"{etag}"'} if etag else {})
        with self._doing(f"read {self._name(key)}"):
            reply = await self._request("GET", self._bucket, key, headers)
        if reply.status in (404, 412):
            return None
        if reply.status == 416:  # of an empty object no range can be had
            return b""
        self._expect(reply, key)
        return reply.body[:limit]

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        return [one.key for one in await self.listed(prefix)]

    async def listed(self, prefix: str) -> list[Listed]:
        """The objects whose keys begin with `prefix`, sorted by key."""
        return sorted([one async for part in self._pages(prefix) for one in part.objects])

    async def folders(self, prefix: str) -> list[str]:
        """The part after `prefix` up to the next `/` of the keys that begin with it, sorted."""
        found = [one async for part in self._pages(prefix, "/") for one in part.folders]
        return sorted(one.removeprefix(prefix).rstrip("/") for one in found)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove these objects; those that are not there are no error."""
        await asyncio.gather(*map(self._delete, keys))

    async def close(self) -> None:
        """Close the connections, those in use after their answer."""
        self._client.close()

    async def _pages(self, prefix: str, delimiter: str = "") -> AsyncIterator[Page]:
        token = ""
        while True:
            asked = query(prefix, delimiter, token)
            with self._doing(f"list {self._name(prefix)}"):
                reply = await self._request("GET", self._bucket, query=asked)
            self._expect(reply, prefix)
            found = page(reply.body)
            yield found
            token = found.token
            if not token:
                return

    async def _delete(self, key: str) -> None:
        with self._doing(f"delete {self._name(key)}"):
            reply = await self._request("DELETE", self._bucket, key)
        if reply.status != 404:
            self._expect(reply, key)

    async def _find(self, key: str) -> ObjectRef | None:
        reply = await self._request("HEAD", self._bucket, key)
        if reply.status == 404:
            return None
        self._expect(reply, key)
        size, digest = int(reply.header("content-length")), reply.header(DIGEST)
        if not digest:  # an upload of another program
            reply = await self._request("GET", self._bucket, key)
            self._expect(reply, key)
            size, digest = len(reply.body), hashlib.sha256(reply.body).hexdigest()
        return ObjectRef(bucket=self._bucket, key=key, size=size, sha256=digest)

    async def _readable(self, ref: ObjectRef) -> Reply:
        """The store's answer to a GET.

        For bytes that fail its own checksum SeaweedFS answers 500, after 13 s; MinIO answers 503,
        or, when it has begun to send them, cuts them off. It still answers a HEAD of the object,
        unlike a store that is away. If more is wrong, making the object again does no harm.

        Raises:
            ObjectAltered: its disk has altered the object.
        """
        try:
            reply = await self._request("GET", ref.bucket, ref.key)
            if reply.status != 500 and not (reply.status == 503 and UNREADABLE in reply.body):
                return reply
        except CutOff:
            if not await self._is_there(ref):
                raise
        else:
            if not await self._is_there(ref):
                return reply
        raise ObjectAltered(f"the store cannot read its object {ref.bucket}/{ref.key}", ref)

    async def _is_there(self, ref: ObjectRef) -> bool:
        return (await self._request("HEAD", ref.bucket, ref.key)).status == 200

    async def _request(
        self,
        method: str,
        bucket: str,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        query: str = "",
    ) -> Reply:
        """The store's answer, after some attempts when it is busy or the connection breaks."""
        path, named = encoded(bucket, key), headers or {}
        return await repeated(lambda: self._attempt(method, path, named, body, query), PAUSES, BUSY)

    async def _attempt(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str
    ) -> Reply:
        host = self._url.netloc
        digest = headers.get(DIGEST, EMPTY)  # each request with a body names it
        signed = authorized(method, host, path, headers, digest, self._login, time.time(), query)
        del signed["Host"]  # the client adds it
        async with self._slots, asyncio.timeout(SECONDS):
            target = f"{path}?{query}" if query else path
            return await self._client.request(method, target, signed.items(), body)

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Time it; if the connection fails, name the address and the operation."""
        with span("store"):
            try:
                yield
            except (Broken, TimeoutError) as error:
                why = str(error) or f"no answer in {SECONDS:g} s"
                raise Unavailable(f"{self._url.netloc}: {what}: {why}") from error

    def _expect(self, reply: Reply, key: str) -> None:
        if reply.status < 300:
            return
        what = f"object {self._name(key)}: the store answered {reply.status}"
        if reply.status >= 500 or reply.status in (409, 429):
            raise Unavailable(what)
        raise Refused(
            f"{what}: {reply.body[:300]!r}; check the secret ftg-s3-<role>, the bucket, "
            "and what the role may (docs/security.md)"
        )

    def _name(self, key: str) -> str:
        return f"{self._bucket}/{key}"
