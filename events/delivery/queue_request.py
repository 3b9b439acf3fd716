"""Asynchronous invocations as OpenFaaS's queue has them: written here, read by requests.py.

Stages queue their commands themselves, the gateway all requests to `/async-function`; both have
this form in the queue.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from faastraingym.events.delivery.requests import (
    AGAIN,
    CALL_ID,
    CONTENT_TYPE,
    SIGNATURE,
    QueueRequest,
)
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.telemetry.tracing import HEADER

QUEUE = "com.openfaas.queue"  # the annotation that names another queue


def of_command(command: Invocation, body: bytes, signature: str, trace: str) -> bytes:
    """The queue request of a stage's command: JSON.

    Args:
        command: whose function is invoked.
        body: its message, encoded.
        signature: of that body for that function.
        trace: the `traceparent` of what sends it.
    """
    headers = {
        CALL_ID: command.call_id,
        SIGNATURE: signature,
        "Content-Type": CONTENT_TYPE,
        HEADER: trace,
        **({AGAIN: "1"} if command.attempt else {}),
    }
    return encode(command.function, headers.items(), body)


def encode(
    function: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    method: str = "POST",
    path: str = "",
    query: str = "",
    host: str = "",
    callback: str = "",
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> bytes:
    """The queue request that stands for an HTTP request to a function: JSON.

    Args:
        function: that is to be invoked.
        headers: in order, repeated ones too.
        body: as it came.
        method: HTTP's.
        path: below the function's own.
        query: without its question mark.
        host: the gateway's name as the client wrote it.
        callback: an absolute http(s) URL, or "".
        annotations: the function's.
        labels: the function's.
    """
    queued = QueueRequest(
        header=_header(headers),
        host=host,
        body=base64.b64encode(body).decode(),
        method=method,
        path="" if path == "/" else path,
        query_string=query,
        function=function,
        queue_name=(annotations or {}).get(QUEUE, ""),
        annotations=dict(annotations or {}),
        labels=dict(labels or {}),
        callback_url=_url(callback) if callback else UNSET,
    )
    return msgspec.json.encode(queued)


def canonical(name: str) -> str:
    """Go's spelling of a header's name: `X-Call-Id`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _header(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    header: dict[str, list[str]] = {}
    for name, value in pairs:
        header.setdefault(canonical(name), []).append(value)
    return header


def _url(text: str) -> dict[str, Any]:
    """A URL as Go's net/url.URL marshals; the gateway has refused wrong ones already."""
    url = urlsplit(text)
    return {
        "Scheme": url.scheme,
        "Opaque": "",
        "User": None,
        "Host": url.netloc,
        "Path": url.path,
        "RawPath": "",
        "ForceQuery": False,
        "RawQuery": url.query,
        "Fragment": url.fragment,
        "RawFragment": "",
    }
