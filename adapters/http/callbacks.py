"""Callbacks: only to URLs that the policy allows, at the addresses that it has checked."""

import asyncio
import socket
from collections.abc import Sequence
from typing import NamedTuple

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.http.client import Broken, HttpClient, Reply, locate
from faastraingym.events.delivery import callbacks
from faastraingym.events.delivery.callbacks import Origin, Policy

TOTAL_SECONDS = 30.0  # for all attempts together; the function's slot is held as long
ATTEMPT_SECONDS = 10.0
PAUSES = (1.0, 4.0)  # before the second and the third attempt: a receiver that is restarted
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_ANSWER = 64 << 10  # bytes; the answer is not read


class Call(NamedTuple):
    """The request to post."""

    url: str
    headers: dict[str, str]
    body: bytes


class Callbacks:
    """Posts to receivers; follows no redirect, and resolves no name twice."""

    def __init__(
        self, origins: frozenset[Origin] | None, gateway_url: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        own, self._pauses = callbacks.origin(gateway_url), pauses
        self._own = (own.host, own.port)
        self._policy = Policy(origins, frozenset({own}))

    async def tell(self, call: Call, authenticated: bool) -> str:
        """Post; returns why it failed, or an empty text."""
        try:
            why = callbacks.refusal(call.url, self._policy, authenticated)
            if why:
                return why
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._tell(call)
        except TimeoutError:
            return f"no answer within {TOTAL_SECONDS:g} s"
        except (AdapterError, OSError, ValueError) as error:  # UnicodeError: no name of a host
            return str(error)

    async def _tell(self, call: Call) -> str:
        wanted = callbacks.origin(call.url)
        found = await _resolved(wanted.host, wanted.port)
        own = [(text, self._own[1]) for text in await _resolved(*self._own)]
        why = callbacks.resolved_refusal(call.url, found, self._policy, own)
        if why:
            return why
        for number, pause in enumerate((*self._pauses, None)):
            why, again = await _attempt(call, found[number % len(found)])
            if not again or pause is None:
                return why
            await asyncio.sleep(pause)
        return why


async def _attempt(call: Call, ip: str) -> tuple[str, bool]:
    """Why the attempt failed, and whether another attempt may help."""
    address, target = locate(call.url)
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS), HttpClient(address._replace(ip=ip)) as client:
            headers = call.headers.items()
            reply: Reply = await client.request("POST", target, headers, call.body, _Unread())
    except TimeoutError:
        return f"no answer in {ATTEMPT_SECONDS:g} s", True
    except Broken as error:
        return str(error), True
    if 200 <= reply.status < 300:
        return "", False
    return f"answered {reply.status}", reply.status in AGAIN


class _Unread:
    """Drops an answer, and disconnects a server that sends more than a receiver should."""

    def __init__(self) -> None:
        self._left = MOST_ANSWER

    def take(self, piece: bytes) -> bool:
        """Whether it wants more."""
        self._left -= len(piece)
        return self._left >= 0


async def _resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, each once; OSError: it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
