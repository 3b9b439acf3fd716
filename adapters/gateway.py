"""Asynchronous invocation through the OpenFaaS gateway: `POST /async-function/<name>`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import urllib3

from adapters.errors import Refused, Unavailable, translated
from adapters.spans import span
from events.commands import Invocation
from events.requests import AGAIN, CALL_ID, CONTENT_TYPE, SIGNATURE

CONNECTIONS = 16
TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)  # seconds
# Repeating is safe: a queue that knows the call id drops it, and stages are idempotent.
RETRIES = urllib3.Retry(total=2, allowed_methods=None, status=0, backoff_factor=0.1, redirect=False)


class GatewayQueue:
    """Queues invocations; as many at once as it has connections."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS, block=True, timeout=TIMEOUT, retries=RETRIES
        )
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="gateway")

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
            **({AGAIN: "1"} if request.attempt else {}),
        }
        with span("gateway"), translated(f"gateway {self._url}: {request.function}"):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._post, request.function, headers, body)

    async def close(self) -> None:
        """Let running calls end and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._pool.clear()

    def _post(self, function: str, headers: dict[str, str], body: bytes) -> None:
        url = f"{self._url}/async-function/{function}"
        response = self._pool.request("POST", url, body=body, headers=headers)
        if response.status == 202:
            return
        said = response.data[:300].decode(errors="replace").strip()
        what = f"{function} was not queued; {url} answered {response.status}: {said}"
        if response.status >= 500 or response.status == 429:
            raise Unavailable(what)
        raise Refused(f"{what}; is it deployed? (faas-cli list)")
