"""An asynchronous invocation as OpenFaaS's queue-worker reads it."""

import base64
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from embedded.contract.bodies import whole
from embedded.contract.messages import FunctionStatus, Request
from events.requests import QueueRequest


def encode(
    status: FunctionStatus, request: Request, host: str, headers: dict[str, str], callback: str
) -> bytes:
    """The queue request, JSON.

    Args:
        status: the function's, for its annotations.
        request: what was asked of the gateway.
        host: the gateway's name as the client wrote it.
        headers: set over the request's own (X-Call-Id, X-Start-Time).
        callback: X-Callback-Url, an absolute http(s) URL, or "".
    """
    path, _, query = request.path.partition("?")
    queued = QueueRequest(
        header=_header(request.headers, headers),
        host=host,
        body=base64.b64encode(whole(request.body)).decode(),
        method=request.method,
        path="" if path == "/" else path,
        query_string=query,
        function=status.name,
        queue_name=(status.annotations or {}).get("com.openfaas.queue", ""),
        annotations=status.annotations or {},
        labels=status.labels or {},
        callback_url=_url(callback) if callback else UNSET,
    )
    return msgspec.json.encode(queued)


def _header(pairs: list[tuple[str, str]], extra: dict[str, str]) -> dict[str, list[str]]:
    header: dict[str, list[str]] = {}
    for name, value in pairs:
        header.setdefault(canonical(name), []).append(value)
    return header | {canonical(name): [value] for name, value in extra.items()}


def canonical(name: str) -> str:
    """Go's spelling of a header's name: `X-Call-Id`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _url(text: str) -> dict[str, Any]:
    """A URL as Go's net/url.URL marshals; the door has looked at it."""
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
