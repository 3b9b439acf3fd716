"""The early second command of a rollout that is late; ADR 60."""

import logging
import time
from contextlib import suppress

from msgspec import UNSET
from msgspec.structs import replace

from faastraingym.events.delivery import queue_request
from faastraingym.events.delivery.requests import Request
from faastraingym.events.delivery.seal import Seal
from faastraingym.events.delivery.stragglers import Late, Stragglers
from faastraingym.events.pipeline import flow, follow_ups
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.ports import Bus, FactLog, Unavailable
from faastraingym.events.telemetry import tracing
from faastraingym.schemas import messages as m

logger = logging.getLogger(__name__)


class EarlyCopies:
    """Watches the rollouts of one function's worker, and issues each at most once more.

    The fact is published before the command and at most once, so a second queue-worker, or a later
    attempt, issues no third. A copy carries no factor and is itself not watched.
    """

    def __init__(self, function: str, bus: Bus, facts: FactLog, seal: Seal) -> None:
        self._function = function
        self._bus = bus
        self._facts = facts
        self._seal = seal
        self._watches = function in flow.receivers(m.CollectRollout)
        self._stragglers = Stragglers()
        self._traces: dict[str, str] = {}  # `traceparent` of what is in flight, by message

    def begin(self, message_id: str, request: Request) -> None:
        """A delivery begins."""
        if self._watches and isinstance(command := request.message, m.CollectRollout):
            self._stragglers.begin(message_id, command, time.monotonic())
            self._traces[message_id] = request.named.get(tracing.HEADER, "")

    def end(self, message_id: str, done: bool) -> None:
        """A delivery has ended, well if `done`."""
        self._stragglers.end(message_id, time.monotonic(), done)
        self._traces.pop(message_id, None)

    async def issue(self) -> None:
        """Publish which rollouts have become late, and queue their copies."""
        for late in self._stragglers.late(time.monotonic()):
            try:
                await self._issue(late)
            except Unavailable as error:  # then there is no copy, and its deadline remains
                logger.warning("no early copy", extra={"run": late.command.run, "why": str(error)})

    async def is_done(self, request: Request) -> bool:
        """Whether another copy of a rollout that failed has completed it."""
        command = request.message if self._watches else None
        if not isinstance(command, m.CollectRollout) or command.straggler_factor is UNSET:
            return False
        subject = follow_ups.kept(command)
        with suppress(Unavailable):  # then it is tried again
            return subject is not None and await self._facts.count(subject) > 0
        return False

    async def _issue(self, late: Late) -> None:
        command = late.command
        fact = m.RolloutReissued(
            run=command.run,
            version=command.version,
            index=command.index,
            seconds=round(late.seconds, 3),
            median_seconds=round(late.median_seconds, 3),
        )
        if not await self._facts.publish_once(fact):
            return
        copy = Invocation(self._function, replace(command, straggler_factor=UNSET), early=True)
        body = m.encode(copy.message)
        signature = self._seal.sign(self._function, body)
        trace = self._traces.get(late.message_id, "")
        request = queue_request.of_command(copy, body, signature, trace)
        await self._bus.enqueue(self._function, request, copy.call_id, copy.work)
        logger.info("issued early", extra={"run": command.run, "version": command.version})
