"""Asynchronous invocation through the OpenFaaS gateway: `POST /async-function/<name>`."""

import asyncio

from adapters.current import carried
from adapters.errors import Refused, Unavailable
from adapters.http_client import Broken, HttpClient, Reply, locate, repeated
from adapters.spans import span
from events.commands import Invocation
from events.requests import AGAIN, CALL_ID, CONTENT_TYPE, SIGNATURE
from events.tracing import HEADER

AT_ONCE = 16
TIMEOUT_SECONDS = 12.0  # of one attempt, connecting included
# Repeating is safe: a queue that knows the call id drops it, and stages are idempotent.
PAUSES = (0.0, 0.1)  # seconds before each further attempt


class GatewayQueue:
    """Queues invocations, several at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        address, self._prefix = locate(url)
        self._client = HttpClient(address)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> None:
        """Returns when the invocation is queued durably (202).

        Raises:
            Unavailable: no gateway, or it cannot just now (5xx, 429).
            Refused: the gateway says no, as for a function that is not deployed.
        """
        headers = {
            CALL_ID: request.call_id,
            SIGNATURE: signature,
            "Content-Type": CONTENT_TYPE,
            HEADER: carried(request.message.run),
            **({AGAIN: "1"} if request.attempt else {}),
        }
        with span("gateway"):
            async with self._slots:
                reply = await self._post(request.function, headers, body)
        if reply.status == 202:
            return
        said = reply.body[:300].decode(errors="replace").strip()
        what = (
            f"{request.function} was not queued; gateway {self._url} answered "
            f"{reply.status}: {said}"
        )
        if reply.status >= 500 or reply.status == 429:
            raise Unavailable(what)
        raise Refused(f"{what}; is it deployed? (faas-cli list)")

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def _post(self, function: str, headers: dict[str, str], body: bytes) -> Reply:
        target = f"{self._prefix}/async-function/{function}"
        try:
            return await repeated(lambda: self._attempt(target, headers, body), PAUSES)
        except Broken as error:
            raise Unavailable(f"gateway {self._url}: {function}: {error}") from error

    async def _attempt(self, target: str, headers: dict[str, str], body: bytes) -> Reply:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._client.request("POST", target, headers.items(), body)
        except TimeoutError as error:
            raise Broken(f"no answer in {TIMEOUT_SECONDS:g} s") from error
