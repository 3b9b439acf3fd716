"""Asking a reward function of one's own, through the gateway: signed, bounded, told what failed.

Its key derives from the stack's signing key for its name alone: its author can sign no command
with it, and nothing for another function. It is given the trajectories by URLs that expire.
"""

import asyncio
import hashlib
import hmac
import time
from typing import NamedTuple

from faastraingym.adapters.errors import FunctionFailed, Unavailable
from faastraingym.adapters.http.client import Broken, HttpClient, Reply, locate
from faastraingym.adapters.http.signing import sign
from faastraingym.events.delivery.answers import Meaning, meaning
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.reward_call import MSGPACK, SIGNATURE
from faastraingym.schemas.specification import Function

PURPOSE = "reward function "  # of the key, before the function's name
AGAIN = frozenset({408, 425})  # 4xx that say nothing about the request
TOLD = 300  # characters of an answer that a person is shown


class Endpoint(NamedTuple):
    """The gateway before reward functions, and the key from which theirs derive."""

    gateway: str
    signing_key: bytes

    def __repr__(self) -> str:
        return f"Endpoint({self.gateway!r}, ...)"


class Answer(NamedTuple):
    """What came back, in how many seconds."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    seconds: float


def key_of(signing_key: bytes, function: str) -> str:
    """The key of the function with this name, as its secret `ftg-reward-key-NAME` holds it."""
    return hmac.digest(signing_key, f"{PURPOSE}{function}".encode(), hashlib.sha256).hex()


async def ask(endpoint: Endpoint, function: Function, body: bytes, most: int) -> Answer:
    """The function's answer to `body`, of at most `most` bytes.

    Raises:
        Unavailable: no gateway, or no answer of one.
        FunctionFailed: it took longer than it may.
        RunFault: the answer is larger.
    """
    name = function.name
    address, target = locate(f"{endpoint.gateway}/function/{name}")
    signature = sign(key_of(endpoint.signing_key, name).encode(), name, body, time.time())
    headers = {"Content-Type": MSGPACK, SIGNATURE: signature}
    kept, began = _Kept(most), time.monotonic()
    try:
        async with asyncio.timeout(function.seconds), HttpClient(address) as client:
            reply: Reply = await client.request("POST", target, headers.items(), body, kept)
    except TimeoutError as error:
        raise FunctionFailed(
            f"the reward function {name} did not answer in {function.seconds:g} s; shorten its "
            f"work, or raise spec.reward[0].seconds and its exec_timeout"
        ) from error
    except Broken as error:
        if kept.is_full:
            raise RunFault(
                f"the reward function {name} answered more than {most} bytes; allowed: one float32 "
                "for each step, and no more"
            ) from None
        raise Unavailable(f"the reward function {name}: {error}") from error
    told = {name.lower(): value for name, value in reply.headers}
    return Answer(reply.status, told, b"".join(kept.pieces), time.monotonic() - began)


def check(function: Function, answer: Answer) -> None:
    """Return if the function has done it.

    Raises:
        Unavailable: it is busy or starting.
        FunctionFailed: it failed, or died of it: the delivery is tried again, some times.
        RunFault: it refuses the request, or there is no such function.
    """
    name, status = function.name, answer.status
    found = meaning(status, answer.headers, answer.seconds, function.seconds)
    if found is Meaning.DONE:
        return
    text = answer.body.decode(errors="replace").strip()[-TOLD:]
    said = f"the reward function {name} answered {status}" + (f": {text}" if text else "")
    if found is Meaning.UNTRIED or status in AGAIN:
        raise Unavailable(said)
    if status >= 500:
        raise FunctionFailed(f"{said}; see `faastrain logs {name}`")
    if status == 404:
        raise RunFault(f"{said.rstrip('.')}; deploy it under this name: `faastrain rewards deploy`")
    if status == 401:
        raise RunFault(
            f"{said}; its secret must hold the key that `faastrain rewards key {name}` prints"
        )
    raise RunFault(said)


class _Kept:
    """An answer of at most so many bytes."""

    def __init__(self, most: int) -> None:
        self.pieces: list[bytes] = []
        self.is_full = False
        self._left = most

    def take(self, piece: bytes) -> bool:
        """Whether it wants more."""
        self._left -= len(piece)
        self.is_full = self._left < 0
        if not self.is_full:
            self.pieces.append(piece)
        return not self.is_full
