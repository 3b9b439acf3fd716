"""What a stack's servers say of its runs and of itself."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.broker import Broker
from cli.world import Connected
from events import subjects
from events.streams import ASYNC, FACTS
from schemas.messages import ReportWritten
from tests.chaos import verdict
from tests.chaos.progress import counted
from tests.stack.facts import until
from tests.stack.specs import Calm
from tests.stack.support import Stack


async def breaches(stack: Stack, connection: Broker, runs: Sequence[str], calm: Calm) -> list[str]:
    """Those of all runs, once nothing of them is in flight any more."""
    await until(lambda: _is_settled(connection))
    found = []
    async with stack.connect() as connected:
        for run in runs:
            said: dict[str, int] = {}
            for pattern in subjects.of_run(run):
                said |= await counted(connection, pattern)
            found += verdict.of_run(run, said, await _report(connected, run), calm)
    return found


async def consumers(connection: Broker) -> dict[str, int]:
    """Every consumer, with what it has still to settle."""
    found = {}
    for stream in (FACTS, ASYNC):
        answer = msgspec.json.decode(await connection.api(f"CONSUMER.LIST.{stream.name}"))
        for consumer in answer["consumers"]:
            found[consumer["name"]] = consumer["num_pending"] + consumer["num_ack_pending"]
    return found


async def messages(connection: Broker, stream: str) -> int:
    """How many a stream holds."""
    answer = await connection.api(f"STREAM.INFO.{stream}")
    return int(msgspec.json.decode(answer)["state"]["messages"])


async def _is_settled(connection: Broker) -> bool:
    return not any((await consumers(connection)).values())


async def _report(connected: Connected, run: str) -> Any:
    said = [recorded.fact for recorded in await connected.facts.read(*subjects.of_run(run))]
    (written,) = [fact for fact in said if isinstance(fact, ReportWritten)]
    return json.loads(await connected.objects.get(written.report))
