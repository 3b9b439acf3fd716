"""Headers at a proxy (RFC 9110, section 7.6.1)."""

from collections.abc import Iterable

from events.requests import HOP_BY_HOP

# Made anew on the next leg.
_REWRITTEN = frozenset({"host", "content-length"})


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that travel on, in order, repeated ones kept.

    Without hop-by-hop headers, those that `Connection` names, Host and Content-Length.
    """
    pairs = list(headers)
    listed = [value for name, value in pairs if name.lower() == "connection"]
    dropped = HOP_BY_HOP | _REWRITTEN
    if listed:
        dropped = dropped | {n.strip().lower() for value in listed for n in value.split(",")}
    return [(name, value) for name, value in pairs if name.lower() not in dropped]
