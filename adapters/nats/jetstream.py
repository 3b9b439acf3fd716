"""A connection to NATS that reconnects for ever, with JetStream's own protocol (JSON) on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from faastraingym.adapters.errors import Refused, Unavailable, translated
from faastraingym.adapters.stage.spans import span
from faastraingym.events import ports

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

API = "$JS.API"
REQUEST_SECONDS = 5.0
STREAM_NOT_FOUND = 10059
ONCE = {"Nats-Expected-Last-Subject-Sequence": "0"}  # publish if nothing is under the subject
NOT_ALONE = 10071  # wrong last sequence: something is
# A replicated stream: the same message is being written just now, which may or may not succeed.
IN_PROCESS = frozenset({10158, 10164})
NOT_STORED = 10077  # for a bound of the stream, or for its disk: see the description
STATUS = "Status"  # nats-py's name for the status of a message without body
NOBODY = "503"  # no responders
END = frozenset({"204", "404", "408", "409", "413", NOBODY})


class ApiError(Refused):
    """JetStream refused a request; `number` is its error code (10071: wrong last sequence)."""

    def __init__(self, subject: str, number: int, description: str) -> None:
        super().__init__(f"{subject}: {description} (JetStream error {number})")
        self.number = number


class StreamFull(Unavailable, ports.QueueFull):
    """The stream is at its maximum of bytes or messages, and takes nothing new."""


class StreamMissing(Unavailable):
    """The stream is not there: the queue-worker makes it when it connects."""


class _Error(Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Answer(Struct):
    error: _Error | None = None


class StreamState(Struct):
    """A stream's size, the number of its last message, and its messages by subject if asked for."""

    messages: int = 0
    bytes: int = 0
    last_seq: int = 0
    subjects: dict[str, int] = {}


class StreamInfo(Struct):
    """JetStream's answer about a stream."""

    config: dict[str, Any]
    state: StreamState
    total: int = 0  # subjects under the filter, over all pages


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_info = msgspec.json.Decoder(StreamInfo).decode


class Broker:
    """One connection, shared by all parts of this process."""

    def __init__(self, client: "Client", url: str, api: str = API) -> None:
        self.client = client
        self._url = url
        self._api = api
        self._batches: dict[str, tuple[list[Msg], asyncio.Future[None]]] = {}
        self._inbox = ""
        self.reconnected: set[Callable[[], None]] = set()  # called after each reconnection
        self.is_closed = False
        self._limits: set[asyncio.Timeout] = set()  # of requests that are under way

    async def publish(
        self, subject: str, data: bytes, headers: dict[str, str] | None = None, reply: str = ""
    ) -> None:
        """Send; returns before a server has it."""
        with translated(f"{self._url}: publish {subject}"):
            await self.client.publish(subject, data, reply=reply, headers=headers)

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        headers: dict[str, str] | None = None,
        kind: str = "broker",
    ) -> bytes:
        """JetStream's answer, as JSON; its time is recorded as a span of kind `kind`.

        ApiError: JetStream refuses. Unavailable: no answer, or it cannot just now. StreamFull: the
        stream's bounds. StreamMissing: the broker's store is new, or was emptied.
        """
        with span(kind), translated(f"{self._url}: request {subject}"):
            async with self._answered(subject):
                message = await self.client.request(
                    subject, data, timeout=REQUEST_SECONDS, headers=headers
                )
        answer = bytes(message.data)
        error = _decode_answer(answer).error
        if error is None:
            return answer
        if error.err_code == NOT_STORED and error.description.startswith("maximum "):
            raise StreamFull(f"{self._url}: {subject}: {error.description}")
        if error.code == 503 or error.err_code in IN_PROCESS:
            raise Unavailable(f"{self._url}: {subject}: {error.description}")
        if error.err_code == STREAM_NOT_FOUND:
            raise StreamMissing(f"{self._url}: {subject}: {error.description}")
        raise ApiError(subject, error.err_code, error.description)

    async def publish_once(
        self, subject: str, data: bytes, headers: dict[str, str], kind: str = "broker"
    ) -> bool:
        """Publish if nothing is under the subject; False: something is. Returns after the ack."""
        try:
            await self.request(subject, data, {**ONCE, **headers}, kind)
        except ApiError as error:
            if error.number != NOT_ALONE:
                raise
            return False
        return True

    def api_subject(self, verb: str) -> str:
        """Where JetStream is asked for `verb`."""
        return f"{self._api}.{verb}"

    async def api(self, verb: str, request: Any = None) -> bytes:
        """Ask `$JS.API.<verb>`."""
        return await self.request(
            self.api_subject(verb), msgspec.json.encode(request) if request else b""
        )

    async def info(self, stream: str, subject_filter: str = "", offset: int = 0) -> StreamInfo:
        """A stream's configuration and state, with one page of the subjects under a filter."""
        request = {"subjects_filter": subject_filter, "offset": offset} if subject_filter else None
        return _decode_info(await self.api(f"STREAM.INFO.{stream}", request))

    async def batch(self, verb: str, request: Any) -> list["Msg"]:
        """Ask for several messages; the last of the answer is the status that ends it."""
        if not self._inbox:
            self._inbox = self.client.new_inbox()
            with translated(f"{self._url}: subscribe"):
                await self.client.subscribe(f"{self._inbox}.*", cb=self._on_batch_message)
        token = self.client.new_inbox().rpartition(".")[2]
        messages: list[Msg] = []
        complete = asyncio.get_running_loop().create_future()
        self._batches[token] = messages, complete
        try:
            data, reply = msgspec.json.encode(request), f"{self._inbox}.{token}"
            await self.publish(self.api_subject(verb), data, reply=reply)
            with span("broker"), translated(f"{self._url}: {verb}"):
                async with self._answered(verb):
                    await complete
        finally:
            del self._batches[token]
        if status(messages[-1]) == NOBODY:
            raise Unavailable(
                f"{self._url}: nobody answers {self.api_subject(verb)}: JetStream's API is away, "
                "or has another prefix in this account"
            )
        return messages

    async def disconnected(self) -> None:
        """Answers that were under way are lost: end the requests that wait for them."""
        now = asyncio.get_running_loop().time()
        while self._limits:
            limit = self._limits.pop()
            if not limit.expired():
                limit.reschedule(now)

    @asynccontextmanager
    async def _answered(self, what: str) -> AsyncIterator[None]:
        """TimeoutError after 5 s; Unavailable as soon as the connection breaks."""
        limit = asyncio.timeout(REQUEST_SECONDS)
        self._limits.add(limit)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if limit in self._limits:
                raise
            raise Unavailable(f"{self._url}: request {what}: the connection broke") from error
        finally:
            self._limits.discard(limit)

    async def _on_batch_message(self, message: "Msg") -> None:
        batch = self._batches.get(message.subject.rpartition(".")[2])
        if batch is None:
            return
        messages, complete = batch
        messages.append(message)
        if status(message) in END and not complete.done():
            complete.set_result(None)

    async def close(self) -> None:
        """Send what is pending and disconnect."""
        with translated(f"{self._url}: close"):
            if self.client.is_connected:
                await self.client.flush()
            with suppress(RuntimeError):  # uvloop's: no server takes the pending messages
                await self.client.close()
        self.is_closed = True


def status(message: "Msg") -> str:
    """The status that a message without body carries; empty for a real message."""
    return (message.headers or {}).get(STATUS, "") if not message.data else ""
