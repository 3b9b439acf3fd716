"""Webhooks: events that are posted to the operator's URLs, signed as Standard Webhooks has it.

The headers webhook-id, webhook-timestamp and webhook-signature, `v1,<base64 of an HMAC-SHA256 of
id.timestamp.body>`, are what its libraries verify (https://www.standardwebhooks.com).
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import deque
from typing import NamedTuple

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.http.client import Broken, HttpClient, locate
from faastraingym.events.models.announcement import CONTENT_TYPE, Event

SECONDS = 20.0  # for one webhook; the function's slot is held as long
PURPOSE = b"webhooks"  # of the key that derives from the stack's signing key
# URLs and ids of events that this replica was answered: while another target is away, which has
# the delivery tried again for hours, who has the event is not told once more.
_TAKEN: deque[tuple[str, str]] = deque(maxlen=1024)


class Webhooks(NamedTuple):
    """Where events go, and the key that signs them."""

    urls: tuple[str, ...]
    key: bytes

    def __repr__(self) -> str:
        return f"Webhooks({self.urls!r}, ...)"


def key_of(signing_key: bytes) -> bytes:
    """The key of webhooks, which receivers have; none can sign a command with it."""
    return hmac.digest(signing_key, PURPOSE, hashlib.sha256)


def shown(key: bytes) -> str:
    """The key as libraries of Standard Webhooks take it."""
    return f"whsec_{base64.b64encode(key).decode()}"


def headers(event: Event, key: bytes, now: int) -> dict[str, str]:
    """The headers of a request that posts an event at Unix time `now`, in seconds."""
    signed = b".".join((event.id.encode(), str(now).encode(), event.body))
    digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": event.id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{digest}",
    }


async def tell(settings: Webhooks, event: Event) -> None:
    """Post an event to every webhook, but for those that took it from this replica.

    Raises:
        Unavailable: one did not take it; trying again is right, for all of them know its id.
    """
    told = await asyncio.gather(*(_post(url, event, settings.key) for url in settings.urls))
    problems = [why for why in told if why]
    if problems:
        raise Unavailable(f"event {event.id}: {'; '.join(problems)}")


async def _post(url: str, event: Event, key: bytes) -> str:
    """Why a webhook did not take it; empty: it did."""
    if (url, event.id) in _TAKEN:
        return ""
    address, target = locate(url)
    sent = headers(event, key, int(time.time()))
    try:
        async with asyncio.timeout(SECONDS), HttpClient(address) as client:
            reply = await client.request("POST", target, sent.items(), event.body)
    except TimeoutError:
        return f"{address.authority} did not answer in {SECONDS:g} s"
    except Broken as error:
        return str(error)
    if not 200 <= reply.status < 300:
        return f"{address.authority} answered {reply.status}"
    _TAKEN.append((url, event.id))
    return ""
