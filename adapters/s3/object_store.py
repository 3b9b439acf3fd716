"""Objects on any S3 (SeaweedFS, MinIO, AWS), each written or read in one round trip."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

from faastraingym.adapters.errors import ObjectAltered, ObjectMissing, Unavailable
from faastraingym.adapters.http.connection import CutOff, Reply
from faastraingym.adapters.s3.client import DIGEST, S3Client, expect
from faastraingym.adapters.s3.listing import Page, page, query
from faastraingym.adapters.s3.signature import encoded
from faastraingym.adapters.settings import Login
from faastraingym.events.ports import Listed
from faastraingym.schemas.references import ObjectRef

UNREADABLE = b"<Code>SlowDownRead</Code>"  # of MinIO: neither busy nor a reason to wait


class S3ObjectStore:
    """The ObjectStore and Bucket ports on a bucket of an S3 store."""

    def __init__(self, url: str, bucket: str, login: Login, remedy: str = "") -> None:
        self._bucket, self._remedy = bucket, remedy
        self._client = S3Client(url, login, remedy)

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        """Write if absent; the reference is of the object that was written first."""
        ref = self._ref(key, data)
        headers = {"If-None-Match": "*", "Content-Type": content_type, DIGEST: ref.sha256}
        reply = await self._request("put", "PUT", key, headers, data)
        if reply.status == 412:
            there = await self.find(key)
            if there is None:
                raise Unavailable(f"{self._bucket}/{key} vanished while it was being written")
            return there
        self._expect(reply, key)
        return ref

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes.

        ObjectMissing: there is no such object. ObjectAltered: it is not what its reference says.
        """
        with self._client.doing(f"get {ref.bucket}/{ref.key}"):
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
        reply = await self._request("find", "HEAD", key)
        if reply.status == 404:
            return None
        self._expect(reply, key)
        size, digest = int(reply.header("content-length")), reply.header(DIGEST)
        if digest:
            return ObjectRef(bucket=self._bucket, key=key, size=size, sha256=digest)
        reply = await self._request("find", "GET", key)  # an upload of another program
        self._expect(reply, key)
        return self._ref(key, reply.body)

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
        return self._ref(key, data)

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Write or overwrite."""
        headers = {"Content-Type": content_type, DIGEST: self._ref(key, data).sha256}
        self._expect(await self._request("write", "PUT", key, headers, data), key)

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        """The first `limit` bytes of an object; None: there is none, or its `etag` is another."""
        headers = {"Range": f"bytes=0-{limit - 1}"} | ({"If-Match": f'"{etag}"'} if etag else {})
        reply = await self._request("read", "GET", key, headers)
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
            path, asked = encoded(self._bucket, ""), query(prefix, delimiter, token)
            with self._client.doing(f"list {self._bucket}/{prefix}"):
                reply = await self._client.request("GET", path, query=asked)
            if reply.status == 404:  # no bucket has no objects, as `get` says: `up` makes it again
                return
            self._expect(reply, prefix)
            found = page(reply.body)
            yield found
            token = found.token
            if not token:
                return

    async def _delete(self, key: str) -> None:
        reply = await self._request("delete", "DELETE", key)
        if reply.status != 404:
            self._expect(reply, key)

    async def _readable(self, ref: ObjectRef) -> Reply:
        """The store's answer to a GET; ObjectAltered: its disk has altered the object.

        For bytes that fail its own checksum SeaweedFS answers 500, after 13 s; MinIO answers 503,
        or, when it has begun to send them, cuts them off. It still answers a HEAD of the object,
        unlike a store that is away. If more is wrong, making the object again does no harm.
        """
        path = encoded(ref.bucket, ref.key)

        async def is_there() -> bool:
            return (await self._client.request("HEAD", path)).status == 200

        try:
            reply = await self._client.request("GET", path)
            if reply.status != 500 and not (reply.status == 503 and UNREADABLE in reply.body):
                return reply
        except CutOff:
            if not await is_there():
                raise
        else:
            if not await is_there():
                return reply
        raise ObjectAltered(f"the store cannot read its object {ref.bucket}/{ref.key}", ref)

    async def _request(
        self,
        doing: str,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        with self._client.doing(f"{doing} {self._bucket}/{key}"):
            path = encoded(self._bucket, key)
            return await self._client.request(method, path, headers, body)

    def _expect(self, reply: Reply, key: str) -> None:
        expect(reply, f"object {self._bucket}/{key}", self._remedy)

    def _ref(self, key: str, data: bytes) -> ObjectRef:
        digest = hashlib.sha256(data).hexdigest()
        return ObjectRef(bucket=self._bucket, key=key, size=len(data), sha256=digest)
