"""What a stack's servers say of its runs and of itself."""

import json
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from faastraingym.adapters.nats.broker import Broker
from faastraingym.client.runs import report
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import LostObject
from faastraingym.events.topology.streams import ASYNC, FACTS
from faastraingym.schemas.messages import ReportWritten
from tests.chaos import verdict
from tests.chaos.progress import counted
from tests.stack.facts import answered, until
from tests.stack.specs import Calm
from tests.stack.support import Stack


async def breaches(
    stack: Stack, connection: Broker, runs: Sequence[str], calm: Calm, bereft: bool
) -> list[str]:
    """Those of all runs, once nothing of them is in flight any more.

    Args:
        stack: with the runs.
        connection: to its broker.
        runs: all of them.
        calm: the undisturbed run.
        bereft: whether the store has lost objects: a report that is lost is not written again, so
            what the log tells, as `faastrain show` does, stands for it.
    """
    await until(lambda: _is_settled(connection))
    found = []
    async with stack.connect() as connected:
        for run in runs:
            await until(lambda run=run: _is_told(connected, run))
            said: dict[str, int] = {}
            for pattern in subjects.of_run(run):
                said |= await counted(connection, pattern)
            found += verdict.of_run(run, said, await _report(connected, run, bereft), calm)
    return found


async def consumers(connection: Broker) -> dict[str, int]:
    """Every consumer, with what it has still to settle."""
    found = {}
    for stream in (FACTS, ASYNC):
        answer = await _asked(connection, f"CONSUMER.LIST.{stream.name}")
        for consumer in answer["consumers"]:
            found[consumer["name"]] = consumer["num_pending"] + consumer["num_ack_pending"]
    return found


async def messages(connection: Broker, stream: str) -> int:
    """How many a stream holds."""
    answer = await _asked(connection, f"STREAM.INFO.{stream}")
    return int(answer["state"]["messages"])


async def _asked(connection: Broker, question: str) -> Any:
    return msgspec.json.decode(await answered(lambda: connection.api(question)))


async def _is_settled(connection: Broker) -> bool:
    return not any((await consumers(connection)).values())


async def _is_told(connected: Connected, run: str) -> bool:
    """Whether the log says that its report is written; one that lost that will say it again."""
    return bool(await connected.facts.count(subjects.below(ReportWritten, run)))


async def _report(connected: Connected, run: str, bereft: bool) -> Any:
    said = [recorded.fact for recorded in await connected.facts.read(*subjects.of_run(run))]
    (written,) = [fact for fact in said if isinstance(fact, ReportWritten)]
    try:
        return json.loads(await connected.objects.get(written.report))
    except LostObject:
        if not bereft:
            raise
    return msgspec.to_builtins(await report(connected, run, time.time()))
