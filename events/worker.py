"""The queue-worker: delivers facts and asynchronous invocations to functions over HTTP.

At least once: a message is settled only after the function has answered. One `FunctionWorker` per
function, so a function that fails or is slow holds up nobody else.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from events import delivery, requests
from events.delivery import UNTRIED, Answer, Bury, Retry, Settled
from events.ports import Bus, Delivery, FactLog, Subscription, Unavailable
from events.requests import Request
from events.routes import Function
from schemas import dead_letter, messages
from schemas.errors import MessageError
from schemas.messages import InvocationDeadLettered

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0  # the broker's ack wait is 4 s

PAUSE_SECONDS = 1.0  # before the broker is asked again after it could not be

Sign = Callable[[str, bytes], str]


class Client(Protocol):
    """What the queue-worker needs of HTTP."""

    async def invoke(self, function: Function, request: Request) -> Answer:
        """The function's answer; 503 when nobody answers."""

    async def call_back(self, function: Function, request: Request, answer: Answer) -> None:
        """Tell `request.callback` how the invocation ended."""


class FunctionWorker:
    """Delivers to one function, at most `function.concurrency` at once."""

    def __init__(
        self, function: Function, bus: Bus, facts: FactLog, client: Client, sign: Sign
    ) -> None:
        self._function = function
        self._bus = bus
        self._facts = facts
        self._client = client
        self._sign = sign
        self._slots = asyncio.Semaphore(function.concurrency)
        self._in_hand: set[Delivery] = set()
        self._tried: Counter[str] = Counter()  # failures by message, of the function itself

    async def run(self) -> None:
        """Deliver until cancelled; then finish what is in hand."""
        name = self._function.name
        sources = [(await self._bus.commands_for(name), self._from_queue)]
        if self._function.topics:
            facts = await self._bus.facts_for(name, self._function.topics)
            sources.append((facts, self._from_fact))
        heartbeat = asyncio.create_task(self._heartbeat())  # while draining, too
        try:
            async with asyncio.TaskGroup() as deliveries:
                pulls = asyncio.gather(*(self._pull(*source, deliveries) for source in sources))
                try:
                    await pulls
                except asyncio.CancelledError:
                    logger.info("draining", extra={"worker": name, "in_hand": len(self._in_hand)})
                finally:
                    pulls.cancel()
        finally:
            heartbeat.cancel()

    async def _pull(
        self,
        source: Subscription,
        read: Callable[[Delivery], Request],
        deliveries: asyncio.TaskGroup,
    ) -> None:
        while True:
            async with self._slots:  # do not take what cannot be worked on
                free = self._function.concurrency - len(self._in_hand)
            try:
                arrived = await source.next(max(1, free))
            except Unavailable as error:
                self._warn("broker away", why=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            for message in arrived:
                self._in_hand.add(message)
                deliveries.create_task(self._deliver(message, read))

    async def _deliver(self, message: Delivery, read: Callable[[Delivery], Request]) -> None:
        try:
            async with self._slots:
                await self._attempt(message, read)
        except Unavailable as error:  # not settled: the broker delivers it again
            self._warn("unsettled", why=str(error))
        except Exception:
            # The boundary: a defect of one delivery must not end all others. Told, and not settled.
            logger.exception("unsettled", extra={"worker": self._function.name})
        finally:
            self._in_hand.discard(message)

    async def _attempt(self, message: Delivery, read: Callable[[Delivery], Request]) -> None:
        try:
            request = read(message)
        except MessageError as error:
            await self._bury(message, Request(body=message.data), Answer(400), str(error))
            return
        answer = await self._client.invoke(self._function, request)
        self._tried[message.message_id] += answer.status not in UNTRIED
        tried, policy = self._tried[message.message_id], self._function.retry
        match delivery.decide(answer, tried, message.attempt, policy, random.random()):
            case Settled():
                await self._settle(message, request, answer)
            case Retry(delay):
                self._warn("retry", **_about(message, request, answer))
                await message.retry(delay)
            case Bury(why):
                self._warn("dead letter", **_about(message, request, answer))
                await self._bury(message, request, answer, why)

    async def _settle(self, message: Delivery, request: Request, answer: Answer) -> None:
        del self._tried[message.message_id]
        if request.callback:
            await self._client.call_back(self._function, request, answer)
        await message.ack()

    async def _bury(self, message: Delivery, request: Request, answer: Answer, error: str) -> None:
        """Keep the payload, tell its run, and only then settle."""
        letter = dead_letter.DeadLetter(
            function=self._function.name,
            subject=message.subject,
            call_id=request.call_id,
            payload=request.body,
            attempts=message.attempt,
            status=answer.status,
            error=error,
            at=time.time(),
        )
        await self._bus.bury(self._function.name, dead_letter.encode(letter))
        for fact in obituary(letter):
            await self._facts.say(fact)
        await self._settle(message, request, answer)

    def _from_fact(self, message: Delivery) -> Request:
        name = self._function.name
        signature = self._sign(name, message.data)
        return requests.from_fact(name, message.subject, message.data, signature)

    def _from_queue(self, message: Delivery) -> Request:
        return requests.from_queue(message.data)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            for message in list(self._in_hand):
                with suppress(Unavailable):  # then it is delivered again
                    await message.extend()

    def _warn(self, event: str, **fields: object) -> None:
        logger.warning(event, extra={"worker": self._function.name, **fields})


def _about(message: Delivery, request: Request, answer: Answer) -> dict[str, object]:
    return {
        "call_id": request.call_id,
        "attempt": message.attempt,
        "status": answer.status,
        "answer": answer.body[-500:].decode(errors="replace"),
    }


def obituary(letter: dead_letter.DeadLetter) -> Sequence[InvocationDeadLettered]:
    """What its run is told of a dead letter.

    Nothing when the function refused the message itself (400): anybody may post bytes that name a
    run, so only a message that was understood and found authentic may end one.
    """
    if letter.status == 400:
        return []
    try:
        message = messages.decode(letter.payload)
    except MessageError:
        return []
    if isinstance(message, InvocationDeadLettered):
        return []  # or a failing listener of this fact would say it for ever
    return [
        InvocationDeadLettered(
            run=message.run,
            function=letter.function,
            call_id=letter.call_id,
            attempts=letter.attempts,
            status=letter.status,
            error=letter.error,
        )
    ]
