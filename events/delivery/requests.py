"""Deliveries as HTTP requests: of facts, and of queue requests in OpenFaaS's JSON.

Source: github.com/openfaas/faas, `queue.Request`.
"""

import base64
import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlunsplit

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from faastraingym.events.pipeline.subjects import START
from faastraingym.events.telemetry import tracing
from faastraingym.schemas import messages
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Message

CALL_ID = "X-Call-Id"
SIGNATURE = "X-Ftg-Signature"
TOPIC = "X-Topic"
KEY = "Idempotency-Key"  # of outside requests: names the run
PATH = ":path"  # path and query of a request, among the headers that a replica hands on
METHOD = ":method"  # of a request, there too
MESSAGE_ID = "Nats-Msg-Id"
START_TIME = "X-Start-Time"  # when a gateway took the call: Unix time, ns
AGAIN = "X-Ftg-Again"  # the work may have been done: delivered or issued before
CONTENT_TYPE = "application/msgpack"
HOP_BY_HOP = frozenset(  # headers of one connection (RFC 9110, section 7.6.1), in lower case
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
DELIVERY = uuid.uuid5(uuid.NAMESPACE_URL, "urn:faastraingym:delivery")
CLOUDEVENT = "application/cloudevents+json"
BINARY_CLOUDEVENT = "ce-specversion"
NAME_OF = {  # by content type, a file name with the suffix that selects its parser
    "application/json": "specification.json",
    "application/toml": "specification.toml",
    "application/yaml": "specification.yaml",
    # Names that YAML had before RFC 9512.
    **dict.fromkeys(("application/x-yaml", "text/yaml", "text/x-yaml"), "specification.yaml"),
}


class Request(Struct, frozen=True, kw_only=True):
    """One HTTP request to a function."""

    method: str = "POST"
    path: str = ""
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    callback: str | None = None

    @property
    def call_id(self) -> str:
        """The call id that every attempt carries."""
        return self.headers.get(CALL_ID, "")

    @property
    def named(self) -> dict[str, str]:
        """The headers, their names in lower case: Go writes them with capitals."""
        return {name.lower(): value for name, value in self.headers.items()}

    @property
    def message(self) -> Message | None:
        """The message of the pipeline in the body; None if the body is anything else."""
        return message_in(self.body)


class QueueRequest(Struct, frozen=True, kw_only=True, rename="pascal"):
    """OpenFaaS's queue request."""

    function: str
    method: str = "POST"
    path: str = ""
    query_string: str = ""
    host: str = ""
    header: dict[str, list[str]] = {}
    body: Annotated[str | None, Meta(description="base64")] = None
    queue_name: str = ""
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    callback_url: dict[str, Any] | UnsetType | None = UNSET  # absent when there is none


def message_in(body: bytes) -> Message | None:
    """The message of the pipeline that `body` is; None if it is anything else."""
    try:
        found: Message = messages.decode(body)
        return found
    except MessageError:
        return None


def from_queue(data: bytes) -> Request:
    """The HTTP request of a queued invocation; MessageError if HTTP cannot carry it."""
    try:
        queued = msgspec.json.decode(data, type=QueueRequest)
        body = base64.b64decode(queued.body or "", validate=True)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MessageError(f"not a queue request: {error}") from error
    headers = {name: values[0] for name, values in queued.header.items() if values}
    _check(queued, headers)
    return Request(
        method=queued.method,
        path=queued.path,
        query=queued.query_string,
        headers=headers,
        body=body,
        callback=_url(queued.callback_url),
    )


class _Addressed(Struct):
    run: str = ""


class _Queued(Struct, rename="pascal"):
    body: str | None = None


_body_of = msgspec.json.Decoder(_Queued).decode
_read_run = msgspec.msgpack.Decoder(_Addressed).decode


def run_of(data: bytes) -> str:
    """The run that a queued invocation's message names, unchecked; empty when it names none."""
    try:
        return _read_run(base64.b64decode(_body_of(data).body or "")).run
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def from_fact(function: str, subject: str, data: bytes, signature: str, trace: str = "") -> Request:
    """The HTTP request that brings a fact to `function`, with its trace context if it is valid."""
    headers = {
        CALL_ID: str(uuid.uuid5(DELIVERY, f"{function}/{subject}")),
        SIGNATURE: signature,
        TOPIC: ".".join(subject.split(".")[1:3]),
        "Content-Type": CONTENT_TYPE,
    }
    if tracing.parse(trace):
        headers[tracing.HEADER] = trace
    return Request(headers=headers, body=data)


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a request claims to be an outside event; names of headers in lower case."""
    kind = media_type(headers.get("content-type", ""))
    published = headers.get(TOPIC.lower(), "").startswith(f"{START}.")  # with any other headers
    return published or kind in (*NAME_OF, CLOUDEVENT) or BINARY_CLOUDEVENT in headers


def media_type(text: str) -> str:
    """A content type without its parameters."""
    return text.partition(";")[0].strip().lower()


def again(request: Request) -> Request:
    """`request`, marked as delivered before."""
    return replace(request, headers=request.headers | {AGAIN: "1"})


def _check(queued: QueueRequest, headers: Mapping[str, str]) -> None:
    """Refuse a request that HTTP cannot carry: it would fail at every attempt."""
    for name in (queued.method, *headers):
        if not _TOKEN.fullmatch(name):
            raise MessageError(f"not a queue request: {name!r:.80} is no method or header name")
    for text in (queued.path, queued.query_string, *headers.values()):
        if _CONTROL.search(text):
            raise MessageError(f"not a queue request: {text!r:.80} holds a control character")


def _url(callback: Mapping[str, Any] | UnsetType | None) -> str | None:
    if not callback:
        return None
    parts = ("Scheme", "Host", "Path", "RawQuery", "Fragment")
    url = urlunsplit(tuple(str(callback.get(part, "")) for part in parts))
    if not (url.isascii() and url.isprintable()):
        raise MessageError(f"not a queue request: {url!r:.80} is no callback URL")
    return url
