"""Spans to an OpenTelemetry collector: OTLP/HTTP with JSON, set by OTEL_EXPORTER_OTLP_*."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import msgspec

from faastraingym.adapters.errors import AdapterError, SettingsError
from faastraingym.adapters.http.client import HttpClient, locate
from faastraingym.events.telemetry.otlp import document
from faastraingym.events.views.run import RunView
from faastraingym.schemas.messages import InvocationCompleted

logger = logging.getLogger(__name__)

BASE, TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
AT_ONCE = 256  # invocations in one request
MOST_WAITING = 64  # requests; while the collector is away the oldest are lost
TIMEOUT_SECONDS = 10.0
AGAIN = (429, 502, 503, 504)


class OtlpSender:
    """Queues spans, and sends them when `send` is called."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        address, self._target = locate(url)
        self._headers = {"Content-Type": "application/json", **headers}
        self._client = HttpClient(address)
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)

    def take(self, spent: list[InvocationCompleted], ended: Iterable[RunView]) -> None:
        """Queue these."""
        for begin in range(0, len(spent), AT_ONCE):
            some = spent[begin : begin + AT_ONCE]
            self._waiting.append(msgspec.json.encode(document(some, [])))
        if runs := list(ended):
            self._waiting.append(msgspec.json.encode(document([], runs)))

    async def send(self) -> None:
        """Send the queue; while the collector is away, the rest stays queued."""
        while self._waiting:
            body = self._waiting[0]
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    reply = await self._client.request(
                        "POST", self._target, self._headers.items(), body
                    )
            except (AdapterError, TimeoutError) as error:
                logger.warning("collector away", extra={"url": self._url, "why": str(error)})
                return
            if reply.status in AGAIN:
                logger.warning("collector busy", extra={"url": self._url, "status": reply.status})
                return
            if reply.status >= 300:
                answer = reply.body[:300].decode(errors="replace")
                logger.warning(
                    "collector refused",
                    extra={"url": self._url, "status": reply.status, "answer": answer},
                )
            if self._waiting and self._waiting[0] is body:
                self._waiting.popleft()

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def sender(environment: Mapping[str, str]) -> OtlpSender | None:
    """The sender that the environment asks for, if any; SettingsError: a variable is ill-formed."""
    base = environment.get(BASE, "").rstrip("/")
    url = environment.get(TRACES) or (f"{base}/v1/traces" if base else "")
    if not url:
        return None
    pairs = [pair for pair in environment.get(HEADERS, "").split(",") if pair.strip()]
    if not all("=" in pair for pair in pairs):
        raise SettingsError(f"{HEADERS} is ill-formed; write name=value,name=value")
    headers = {name.strip(): unquote(v.strip()) for name, _, v in (p.partition("=") for p in pairs)}
    try:
        return OtlpSender(url, headers)
    except AdapterError as error:
        raise SettingsError(f"{TRACES if environment.get(TRACES) else BASE}: {error}") from error
