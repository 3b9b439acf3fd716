"""Queue requests as stages and the gateway write them; requests.py reads them."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from faastraingym.events.delivery import requests
from faastraingym.events.delivery.requests import QueueRequest
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.telemetry.tracing import HEADER

QUEUE = "com.openfaas.queue"  # the annotation that names another queue


def of_command(command: Invocation, body: bytes, signature: str, trace: str) -> bytes:
    """The queue request of a stage's command: JSON; `trace` is its sender's `traceparent`."""
    headers = {
        requests.CALL_ID: command.call_id,
        requests.SIGNATURE: signature,
        "Content-Type": requests.CONTENT_TYPE,
        HEADER: trace,
        **({requests.AGAIN: "1"} if command.attempt or command.early else {}),
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

    `path` is below the function's own, `callback` an absolute http(s) URL or empty; `annotations`
    and `labels` are the function's.
    """
    header: dict[str, list[str]] = {}
    for name, value in headers:
        header.setdefault(canonical(name), []).append(value)
    queued = QueueRequest(
        header=header,
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
