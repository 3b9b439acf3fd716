"""A JetStream pull consumer: takes all waiting messages at once, or waits for the next one.

It requests at most as many messages as the caller can take, because one that lies here unseen would
run into its ack wait: first up to `limit` that wait already, then, if there is none, a single one.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from faastraingym.adapters.errors import Refused, translated
from faastraingym.adapters.nats.jetstream import Broker, status

if TYPE_CHECKING:
    from nats.aio.msg import Msg

NANOSECONDS = 1_000_000_000
WAIT_SECONDS = 10.0
ANSWER_SECONDS = 2.0
CONSUMER_GONE = ("409", "503")  # deleted, its leader moved, or no server answers for it


class Position(NamedTuple):
    """The fields of a delivered message's reply subject."""

    attempt: int
    sequence: int
    consumer_sequence: int
    at: float  # Unix time, seconds


def position(reply: str) -> Position:
    """Read `$JS.ACK[.<domain>.<account>].<stream>.<consumer>.<attempt>.<...>`; or Refused."""
    tokens = reply.split(".")
    first = 4 if len(tokens) == 9 else 6
    try:
        attempt, sequence, own, at = map(int, tokens[first : first + 4])
    except ValueError as error:
        raise Refused(f"{reply!r:.200} is no reply subject of JetStream") from error
    return Position(attempt, sequence, own, at / NANOSECONDS)


class NatsDelivery:
    """The Delivery port. Settling does not wait: a lost settlement is one more delivery."""

    def __init__(self, broker: Broker, message: "Msg") -> None:
        self._broker = broker
        self._reply = message.reply
        self.subject = message.subject
        self.data = bytes(message.data)
        self.position = at = position(message.reply)
        # The time too: sequences begin anew in a stream that was lost.
        self.message_id = f"{message.subject}:{at.sequence}:{at.at}"
        self.attempt = at.attempt
        self.queued_at = at.at
        self.headers: Mapping[str, str] = message.headers or {}

    async def ack(self) -> None:
        """Settle: never deliver again."""
        await self._broker.publish(self._reply, b"+ACK")

    async def retry(self, delay: float) -> None:
        """Settle: deliver again after `delay` seconds."""
        after = msgspec.json.encode({"delay": max(1, int(delay * NANOSECONDS))})
        await self._broker.publish(self._reply, b"-NAK " + after)

    async def extend(self) -> None:
        """Begin the ack wait anew."""
        await self._broker.publish(self._reply, b"+WPI")


class PullConsumer:
    """The Subscription port: a consumer of `stream` with this configuration, made if missing."""

    def __init__(self, broker: Broker, stream: str, name: str, config: dict[str, Any]) -> None:
        self._broker = broker
        self._stream = stream
        self._name = name
        self._config = {**config, "name": name}
        self._inbox = ""
        self._ready: deque[Msg] = deque()
        self._ended = False  # the request under way has no more to give
        self.lost = False  # it may have missed something or be gone; `next` makes it again
        self._wake = asyncio.Event()
        self.asked = 0  # messages that may yet come of the request under way

    async def open(self) -> "PullConsumer":
        """This consumer, once the broker has it and we listen."""
        await self._create()
        self._inbox = self._broker.client.new_inbox()
        with translated(f"subscribe for {self._name}"):
            self._subscription = await self._broker.client.subscribe(
                self._inbox, cb=self._on_message
            )
        self._broker.reconnected.add(self._on_reconnect)
        return self

    async def close(self) -> None:
        """Stop listening; the consumer itself stays."""
        self._broker.reconnected.discard(self._on_reconnect)
        with translated(f"unsubscribe for {self._name}"):
            await self._subscription.unsubscribe()

    async def next(self, limit: int) -> list[NatsDelivery]:
        """1 to `limit` messages as soon as there is one; none after 10 quiet seconds."""
        if not self._ready:
            if self.lost:
                await self._create()
            await self._pull({"batch": limit, "no_wait": True}, limit, ANSWER_SECONDS)
        if not self._ready and not self.lost:
            wait = {"batch": 1, "expires": int(WAIT_SECONDS * NANOSECONDS)}
            await self._pull(wait, 1, WAIT_SECONDS + ANSWER_SECONDS)
        some = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        return [NatsDelivery(self._broker, message) for message in some]

    async def _create(self) -> None:
        request = {"stream_name": self._stream, "config": self._config}
        await self._broker.api(f"CONSUMER.CREATE.{self._stream}.{self._name}", request)
        self.lost = False

    async def _pull(self, request: dict[str, Any], expected: int, seconds: float) -> None:
        self._ended, self.asked = False, expected
        subject = self._broker.api_subject(f"CONSUMER.MSG.NEXT.{self._stream}.{self._name}")
        await self._broker.publish(subject, msgspec.json.encode(request), reply=self._inbox)
        try:
            async with asyncio.timeout(seconds):
                while len(self._ready) < expected and not self._ended:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return  # the request or its answer was lost; the next one starts anew
        finally:
            self.asked = 0

    async def _on_message(self, message: "Msg") -> None:
        code = status(message)
        if not code:
            self._ready.append(message)
        elif code != "100":
            self._ended = True
            self.lost = self.lost or code in CONSUMER_GONE
        self._wake.set()

    def _on_reconnect(self) -> None:
        """The server forgot the request under way, and perhaps an ephemeral consumer too."""
        self._ended = self.lost = True
        self._wake.set()
