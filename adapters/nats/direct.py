"""Reading many messages of a stream in one round trip: batched direct get (JetStream's ADR-31)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.adapters.errors import Refused, Unavailable
from faastraingym.adapters.nats.jetstream import Broker, status

if TYPE_CHECKING:
    from nats.aio.msg import Msg

PAGE = 1024  # messages, JetStream's own limit
NONE_FOUND = "404"
TOO_MANY = "413"
COMPLETE = "204"


class Stored(NamedTuple):
    """A message as a stream holds it."""

    sequence: int
    at: float  # Unix time, seconds
    data: bytes


async def read_last(broker: Broker, stream: str, filters: list[str]) -> list[Stored]:
    """The last message of every subject under the filters, in the stream's order."""
    request = {"multi_last": filters, "batch": PAGE}
    page = await broker.batch(f"DIRECT.GET.{stream}", request)
    if status(page[-1]) != TOO_MANY and not _pending(page[-1]):
        return sorted(_stored(page))
    # More than one page. The messages differ in subject, so reading them all is the same.
    found: dict[int, Stored] = {}
    for pattern in filters:
        found |= {item.sequence: item for item in await read_all(broker, stream, pattern)}
    return [found[sequence] for sequence in sorted(found)]


async def read_all(
    broker: Broker, stream: str, pattern: str, after: int = 0, since: float = 0.0
) -> list[Stored]:
    """Every message under a filter, in order: those `after` a number, or `since` a Unix time."""
    found: list[Stored] = []
    pending = True
    start: dict[str, Any] = {"seq": after + 1}
    if since:
        start = {"start_time": datetime.fromtimestamp(since, UTC).isoformat()}
    while pending:
        if found:
            start = {"seq": found[-1].sequence + 1}
        request = {**start, "next_by_subj": pattern, "batch": PAGE}
        page = await broker.batch(f"DIRECT.GET.{stream}", request)
        found += _stored(page)
        pending = _pending(page[-1]) > 0
    return found


async def read_first(broker: Broker, stream: str, pattern: str, after: int = 0) -> Stored | None:
    """The oldest message under one filter that came `after` that number."""
    request = {"seq": after + 1, "next_by_subj": pattern, "batch": 1}
    page = await broker.batch(f"DIRECT.GET.{stream}", request)
    return next(iter(_stored(page)), None)


async def read_one(broker: Broker, stream: str, sequence: int) -> Stored | None:
    """The message with this number, if it is still there."""
    found = await read_first(broker, stream, ">", sequence - 1)
    return found if found and found.sequence == sequence else None


def _stored(page: "list[Msg]") -> list[Stored]:
    if status(page[-1]) not in (COMPLETE, NONE_FOUND):
        raise Unavailable(f"direct get: {page[-1].headers}")
    return [_message(message) for message in page[:-1]]


def _message(message: "Msg") -> Stored:
    headers: dict[str, Any] = message.headers or {}
    try:
        at = datetime.fromisoformat(headers["Nats-Time-Stamp"]).timestamp()
        return Stored(int(headers["Nats-Sequence"]), at, bytes(message.data))
    except (KeyError, ValueError, OverflowError) as error:
        raise Refused(f"direct get: no time or no sequence in {headers!r:.200}") from error


def _pending(end: "Msg") -> int:
    found = (end.headers or {}).get("Nats-Num-Pending", "0")
    try:
        return int(found)
    except ValueError as error:
        raise Refused(f"direct get: {found!r:.40} messages are pending") from error
