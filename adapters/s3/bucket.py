"""The bucket owner's work: create the bucket, reset its settings. No function does this."""

import asyncio
from collections.abc import Mapping
from contextlib import closing

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.http.client import Broken, Reply
from faastraingym.adapters.s3.client import S3Client, expect
from faastraingym.adapters.s3.signature import encoded
from faastraingym.adapters.settings import Login

# A bucket's own settings that let others in or throw objects away, and how each is taken back.
SETTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "policy": ("DELETE", {}),
    "lifecycle": ("DELETE", {}),
    "acl": ("PUT", {"x-amz-acl": "private"}),
}
OURS_ALREADY = (b"<Code>BucketAlreadyOwnedByYou<", b"<Code>BucketAlreadyExists<")


class Bucket:
    """A bucket of an S3 store; each call has connections of its own."""

    def __init__(self, url: str, name: str, login: Login) -> None:
        self._url = url
        self._name = name
        self._login = login

    async def ensure(self) -> None:
        """Create the bucket where it is missing."""
        what = f"create bucket {self._name}"
        reply = await self._request(what, "HEAD")
        if reply.status == 404:
            reply = await self._request(what, "PUT")
            if any(code in reply.body for code in OURS_ALREADY):  # another command was first
                return
        expect(reply, what)

    async def reset(self) -> None:
        """Remove all settings of the bucket itself that grant access or delete objects."""
        for setting, (method, headers) in SETTINGS.items():
            what = f"{setting} of bucket {self._name}"
            reply = await self._request(what, method, headers, f"{setting}=")
            if reply.status not in (200, 204, 404):
                raise Refused(f"{what}: {reply.status}: {reply.body!r}")

    async def takes_writes(self, seconds: float) -> bool:
        """Whether a small object can be written within `seconds`; it stays, under `.probe`."""
        path = encoded(self._name, ".probe")
        with closing(S3Client(self._url, self._login)) as client:
            try:
                async with asyncio.timeout(seconds):
                    reply = await client.request("PUT", path, body=b"ready", pauses=())
            except (Broken, TimeoutError):
                return False
        return reply.status < 300

    async def _request(
        self, what: str, method: str, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> Reply:
        with closing(S3Client(self._url, self._login)) as client, client.doing(what):
            return await client.request(method, encoded(self._name, ""), headers, query=query)
