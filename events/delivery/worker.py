"""The queue-worker: delivers facts and asynchronous invocations to functions over HTTP.

At least once: a message is settled only after the function has answered. One `FunctionWorker` per
function, so a function that fails or is slow delays no other. Deliveries wait for a slot here,
within bounds, so that runs can take turns (ADR 14).

The file is long because one delivery's way stands in one place, from pull to settlement; what
is decided on that way is pure and in files of its own (outcomes, answers, endings, dead_letters).
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from faastraingym.events.cancelling import ended
from faastraingym.events.delivery import dead_letters, outcomes, remedies, requests
from faastraingym.events.delivery.answers import Meaning, meaning
from faastraingym.events.delivery.concurrency_limit import Limit
from faastraingym.events.delivery.early_copies import EarlyCopies
from faastraingym.events.delivery.endings import Endings
from faastraingym.events.delivery.in_flight import InFlight, Taken
from faastraingym.events.delivery.outcomes import Answer, Failures, GiveUp, Retry, Settled
from faastraingym.events.delivery.requests import AGAIN, KEY, SIGNATURE, Request
from faastraingym.events.delivery.seal import Seal
from faastraingym.events.delivery.shares import Standing
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Bus, Delivery, FactLog, Subscription, Unavailable
from faastraingym.events.telemetry import metering, tracing
from faastraingym.events.telemetry.identity import identity
from faastraingym.events.topology.admits import ANYBODY
from faastraingym.events.topology.stack_file import Function
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import dead_letter, messages
from faastraingym.schemas.errors import MessageError

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0  # the broker's ack wait is 4 s
PAUSE_SECONDS = 1.0  # before the broker is asked again after it could not be
# Between two batches that are taken ahead of free slots. A fast function empties its queue
# meanwhile, so that several queue-workers share it.
AHEAD_SECONDS = 0.05
WAITED_SECONDS = 1.0  # here: then the run may have ended meanwhile
BUSY = 429  # more in flight than the function has room for


class Client(Protocol):
    """The queue-worker's HTTP client."""

    async def invoke(self, function: Function, request: Request) -> Answer:
        """The function's answer; 503 when none comes."""

    async def call_back(
        self, function: Function, request: Request, answer: Answer, authenticated: bool
    ) -> str:
        """Post the function's answer to `request.callback`; returns why that failed, if it did.

        `authenticated`: a known sender asked for it.
        """


class Source(NamedTuple):
    """One of the ways by which a message comes to a function."""

    subscription: Subscription
    read: Callable[[Delivery], Request]
    run_of: Callable[[Delivery], str]  # whose turn it takes
    authenticated: bool = True  # its sender is known


class Attempt(NamedTuple):
    """One try of a delivery, and its answer."""

    message: Delivery
    source: Source
    request: Request
    answer: Answer


class FunctionWorker:
    """Delivers to one function, at most `function.concurrency` at once, fewer after a 429."""

    def __init__(
        self, function: Function, bus: Bus, facts: FactLog, client: Client, seal: Seal
    ) -> None:
        self._function = function
        self._bus = bus
        self._facts = facts
        self._client = client
        self._seal = seal
        self._limit = Limit(function.concurrency)  # slots
        self._in_flight: InFlight[Source] = InFlight(function.concurrency)
        self._hungry = asyncio.Event()  # less waits than could begin at once
        self._failures = Failures()  # of the function itself
        self._subscriptions: list[Subscription] = []
        self._endings = Endings(facts)
        self._early = EarlyCopies(function.name, bus, facts, seal)

    async def run(self) -> None:
        """Deliver until cancelled; then finish deliveries that began and hand back others."""
        sources = await self._sources()
        self._subscriptions = [source.subscription for source in sources]
        heartbeat = asyncio.create_task(self._heartbeat())  # while draining, too
        try:
            async with asyncio.TaskGroup() as deliveries:
                pulls = [asyncio.create_task(self._pull(s, deliveries)) for s in sources]
                try:
                    await asyncio.wait(pulls, return_when=asyncio.FIRST_EXCEPTION)
                except asyncio.CancelledError:
                    self._log(logging.INFO, "draining", in_hand=len(self._in_flight))
                finally:
                    await ended(*pulls)
                    await self._in_flight.hand_back()
                for pull in pulls:
                    if not pull.cancelled():
                        pull.result()
        finally:
            await ended(heartbeat)

    async def _sources(self) -> list[Source]:
        name = self._function.name
        commands = await self._bus.commands_for(name)
        sources = [Source(commands, _from_queue, lambda m: requests.run_of(m.data))]
        if self._function.admits == ANYBODY:
            anybodys = await self._bus.open_for(name)
            sources.append(Source(anybodys, _from_queue, lambda _: "", authenticated=False))
        if self._function.topics:
            facts = await self._bus.facts_for(name, self._function.topics)
            sources.append(Source(facts, self._from_fact, lambda m: subjects.run_of(m.subject)))
        if self._function.starts:
            starts = await self._bus.starts_for(name)
            sources.append(Source(starts, self._from_start, lambda m: m.message_id))
        return sources

    async def _pull(self, source: Source, deliveries: asyncio.TaskGroup) -> None:
        while True:
            try:
                arrived = await source.subscription.next(await self._room())
            except Unavailable as error:
                self._log(logging.WARNING, "broker away", why=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            for message in arrived:
                self._in_flight.take(source.run_of(message), message, source)
            self._begin(deliveries)
            await asyncio.sleep(0)  # new deliveries leave before the broker is asked for more

    async def _room(self) -> int:
        """How many messages to ask for, once it is time: at once while little waits here."""
        while self._in_flight.is_fed or not self._unasked:
            self._hungry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(AHEAD_SECONDS):
                    await self._hungry.wait()
            if self._unasked:
                break
        return self._unasked

    @property
    def _unasked(self) -> int:
        return max(0, self._in_flight.room - sum(each.asked for each in self._subscriptions))

    def _begin(self, deliveries: asyncio.TaskGroup) -> None:
        while not self._limit.is_reached:
            taken = self._in_flight.next(self._limit.now)
            if taken is None:
                break
            deliveries.create_task(self._deliver(taken, self._limit.begin(), deliveries))
        if not self._in_flight.is_fed:
            self._hungry.set()

    async def _deliver(
        self, taken: Taken[Source], since: int, deliveries: asyncio.TaskGroup
    ) -> None:
        try:
            await self._attempt(taken, since)
        except Unavailable as error:  # not settled: the broker delivers it again
            self._log(logging.WARNING, "unsettled", why=str(error))
        except Exception:
            # The boundary: a defect of one delivery must not end the others.
            logger.exception("unsettled", extra={"worker": self._function.name})
        finally:
            self._in_flight.let_go(taken)
            self._limit.end()
            self._begin(deliveries)

    async def _attempt(self, taken: Taken[Source], since: int) -> None:
        message, source, read = taken.message, taken.by, taken.by.read
        try:
            request = read(message) if message.attempt == 1 else requests.again(read(message))
        except MessageError as error:
            unread = Attempt(message, source, Request(body=message.data), Answer(400))
            await self._give_up(unread, str(error))
            return
        suspect = self._in_flight.shares.of(taken.run) is Standing.SUSPECT
        late = time.monotonic() - taken.at > WAITED_SECONDS or AGAIN in request.headers
        if (suspect or late) and await self._is_over(request):
            await self._drop(message, request)
            return
        self._early.begin(message.message_id, request)
        answer = await self._client.invoke(self._function, request)
        means = meaning(answer.status, answer.headers, answer.seconds, self._function.timeout)
        self._early.end(message.message_id, means is Meaning.DONE)
        self._learn(taken, request, answer, means, since)
        if source.authenticated and means.has_cut_off:
            await metering.count(self._facts, self._function, request, answer)
        tried = self._failures.add(message.message_id, means, suspect)
        policy = self._function.retry
        outcome = outcomes.decide(answer, tried, message.attempt, policy, random.random())
        if not isinstance(outcome, Settled):
            if await self._is_over(request):
                await self._drop(message, request)
                return
            if await self._early.is_done(request):
                await self._drop(message, request, "its early copy came first")
                return
        attempt = Attempt(message, source, request, answer)
        match outcome:
            case Settled():
                await self._settle(attempt)
            case Retry(delay):
                self._log(logging.WARNING, "retry", **_about(attempt))
                await message.retry(delay)
            case GiveUp(why):
                if means is Meaning.OVERTIME:
                    answer = answer._replace(status=dead_letter.OVERTIME)
                    why = f"{why}\n{remedies.overtime(self._function, tried.overtime)}"
                attempt = attempt._replace(answer=answer)
                self._log(logging.WARNING, "dead letter", **_about(attempt))
                await self._give_up(attempt, why)

    def _learn(
        self, taken: Taken[Source], request: Request, answer: Answer, means: Meaning, since: int
    ) -> None:
        if answer.status == BUSY:
            self._limit.refused(since)
        elif means is Meaning.DONE:
            self._limit.taken(since)
            proven = self._in_flight.shares.of(taken.run) is Standing.PROVEN
            if not proven and not isinstance(request.message, messages.WarmUp):
                self._in_flight.shares.tell(taken.run, Standing.PROVEN)
        elif means.has_cut_off:
            self._in_flight.shares.tell(taken.run, Standing.SUSPECT)

    async def _is_over(self, request: Request) -> bool:
        """Whether nobody needs it: a command of an ended run, or any message of a removed one."""
        message = request.message
        if isinstance(message, messages.COMMANDS):
            return await self._endings.is_over(message.run)
        return message is not None and await self._endings.is_removed(message.run)

    async def _drop(
        self, message: Delivery, request: Request, why: str = "its run has ended"
    ) -> None:
        self._log(logging.INFO, f"dropped: {why}", **_whose(message, request))
        self._failures.forget(message.message_id)
        await message.ack()

    async def _settle(self, attempt: Attempt) -> None:
        self._failures.forget(attempt.message.message_id)
        if attempt.request.callback:
            await self._call_back(attempt)
        await attempt.message.ack()

    async def _call_back(self, attempt: Attempt) -> None:
        """Call back once; a failure becomes a dead letter without a payload."""
        name, (message, source, request, answer) = self._function.name, attempt
        failed = await self._client.call_back(self._function, request, answer, source.authenticated)
        if not failed:
            return
        why = f"callback to {request.callback!r:.300}: {failed}"
        self._log(logging.WARNING, "callback given up", call_id=request.call_id, why=why)
        letter = dead_letters.written(name, message, request, answer, why)
        with suppress(Unavailable):  # or the function would be invoked again for it
            await self._bus.give_up(
                name, dead_letter.encode(dead_letters.without_payload(letter)), subjects.CALLBACK
            )

    async def _give_up(self, attempt: Attempt, error: str) -> None:
        """Store the dead letter, with its payload if it is signed; inform its run; then settle."""
        name, (message, source, request, answer) = self._function.name, attempt
        letter, kind = dead_letters.written(name, message, request, answer, error), ""
        # An event was let in by the token, which only the gateway can check.
        let_in = source.authenticated and requests.is_event(request.named)
        if not (let_in or self._seal.is_ours(name, request)):
            letter, kind = dead_letters.without_payload(letter), subjects.UNSIGNED
        await self._bus.give_up(name, dead_letter.encode(letter), kind)
        if fact := dead_letters.event(letter):
            await self._facts.publish_once(fact)
            self._endings.forget(fact.run)
        await self._settle(attempt)

    def _from_fact(self, message: Delivery) -> Request:
        name = self._function.name
        signature = self._seal.sign(name, message.data)
        trace = message.headers.get(tracing.HEADER, "")
        return requests.from_fact(name, message.subject, message.data, signature, trace)

    def _from_start(self, message: Delivery) -> Request:
        request = outside_events.from_start(message)
        signature = self._seal.sign(self._function.name, request.body, request.headers[KEY])
        return replace(request, headers=request.headers | {SIGNATURE: signature})

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._in_flight.extend()
            await self._early.issue()

    def _log(self, level: int, event: str, **fields: object) -> None:
        logger.log(level, event, extra={"worker": self._function.name, **fields})


def _from_queue(message: Delivery) -> Request:
    return requests.from_queue(message.data)


def _about(attempt: Attempt) -> dict[str, object]:
    return {
        **_whose(attempt.message, attempt.request),
        "status": attempt.answer.status,
        "answer": attempt.answer.body[-500:].decode(errors="replace"),
    }


def _whose(message: Delivery, request: Request) -> dict[str, object]:
    trace = tracing.parse(request.named.get(tracing.HEADER, ""))
    return {
        **identity(request.message),
        **({"trace_id": trace.trace} if trace else {}),
        "call_id": request.call_id,
        "attempt": message.attempt,
    }
