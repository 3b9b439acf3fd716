"""Signed requests to an S3 store over persistent connections, repeated while the store is busy."""

import asyncio
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from faastraingym.adapters.errors import Refused, Unavailable
from faastraingym.adapters.http.client import Broken, HttpClient, Reply, locate
from faastraingym.adapters.s3.signature import authorized
from faastraingym.adapters.settings import Login
from faastraingym.adapters.stage.spans import span

DIGEST = "x-amz-meta-sha256"  # stored with an object, so a HEAD gives the whole reference
CONNECTIONS = 16
SECONDS = 30.0  # for one attempt
# Repeating is safe: a put that did arrive answers 412 the second time.
PAUSES = (0.0, 0.2, 0.4)  # seconds before an attempt is repeated
REMEDY = "check the secret ftg-s3-<role>, the bucket, and what the role may (docs/security.md)"
BUSY = (429, 502, 503, 504)  # a 500 has been tried often enough by the store itself


class S3Client:
    """Requests to one store as one login."""

    def __init__(self, url: str, login: Login, remedy: str = "") -> None:
        """`remedy`: what a person should do who reads that the store is away or refuses."""
        self._remedy = remedy
        self.host = urlsplit(url).netloc
        self._login = login
        self._client = HttpClient(locate(url)[0])
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        query: str = "",
        pauses: Sequence[float] = PAUSES,
    ) -> Reply:
        """The store's answer; `path` and `query` are encoded, the query's parts sorted.

        Broken, TimeoutError: the last attempt had no answer.
        """
        named = headers or {}
        digest = named.get(DIGEST) or hashlib.sha256(body).hexdigest()
        target = f"{path}?{query}" if query else path

        async def attempt() -> Reply:
            signed = authorized(
                method, self.host, path, named, digest, self._login, time.time(), query
            )
            del signed["Host"]  # the client adds it
            async with self._slots, asyncio.timeout(SECONDS):
                return await self._client.request(method, target, signed.items(), body)

        for pause in pauses:
            with suppress(Broken):
                reply = await attempt()
                if reply.status not in BUSY:
                    return reply
            await asyncio.sleep(pause)
        return await attempt()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Time the body as a span; a connection that fails is Unavailable, with its address."""
        with span("store"):
            try:
                yield
            except (Broken, TimeoutError) as error:
                why = str(error) or f"no answer in {SECONDS:g} s"
                told = f"{self.host}: {what}: {why}"
                raise Unavailable("; ".join(filter(None, (told, self._remedy)))) from error

    def close(self) -> None:
        """Close the connections, those in use after their answer."""
        self._client.close()


def expect(reply: Reply, what: str, remedy: str = "") -> None:
    """Return if the store has done it; Unavailable: it may do so later, Refused: never."""
    if reply.status < 300:
        return
    answered = f"{what}: the store answered {reply.status}"
    if reply.status >= 500 or reply.status in (409, 429):
        raise Unavailable(answered)
    raise Refused(f"{answered}: {reply.body[:300]!r}; {remedy or REMEDY}")
