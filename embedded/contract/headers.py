"""Headers at a proxy (RFC 9110, section 7.6.1)."""

from asyncio import BaseTransport
from collections.abc import Iterable

from faastraingym.events.delivery.requests import HOP_BY_HOP

# Of one connection, or made anew on the next one.
_DROPPED = HOP_BY_HOP | {"host", "content-length"}

FORWARDED_FOR, FORWARDED_HOST = "X-Forwarded-For", "X-Forwarded-Host"


def client(transport: BaseTransport | None) -> str:
    """The address from which a connection comes; "": none that has a name."""
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if isinstance(peer, tuple) else ""


def forwarded(headers: list[tuple[str, str]], address: str, host: str) -> list[tuple[str, str]]:
    """The headers, with the client's address and the host that it asked for after those it sent."""
    sent: dict[str, list[str]] = {"x-forwarded-for": [], "x-forwarded-host": []}
    kept = []
    for name, value in headers:
        if (values := sent.get(name.lower())) is None:
            kept.append((name, value))
        else:
            values.append(value)
    for name, own in ((FORWARDED_FOR, address), (FORWARDED_HOST, host)):
        values = [*sent[name.lower()], *([own] if own else [])]
        if values:
            kept.append((name, ", ".join(values)))
    return kept


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that travel on, in order: no hop-by-hop ones, no Host, no Content-Length."""
    pairs = list(headers)
    listed = [value for name, value in pairs if name.lower() == "connection"]
    dropped = _DROPPED
    if listed:
        dropped = _DROPPED | {n.strip().lower() for value in listed for n in value.split(",")}
    return [(name, value) for name, value in pairs if name.lower() not in dropped]


def without(names: Iterable[str], headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that have none of the names."""
    dropped = {name.lower() for name in names}
    return [(name, value) for name, value in headers if name.lower() not in dropped]
