"""What a stack's servers say of its runs, or experiments, and of itself."""

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from faastraingym.adapters.nats.broker import Broker
from faastraingym.client.runs import report
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import LostObject
from faastraingym.events.topology.streams import ASYNC, FACTS
from faastraingym.schemas.messages import ReportWritten, tag
from tests.chaos import verdict
from tests.chaos.progress import counted
from tests.chaos.verdict import Found
from tests.stack.facts import answered, until
from tests.stack.specs import Calm, chosen, is_of
from tests.stack.support import Stack

REPORTS = f"{subjects.ROOT}.{tag(ReportWritten)}."


async def breaches(
    stack: Stack, connection: Broker, runs: Sequence[str], calm: Calm, bereft: bool
) -> list[str]:
    """Those of all runs, or experiments, once nothing of them is in flight any more.

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
            with contextlib.suppress(TimeoutError):  # the verdict tells what was never said
                await until(lambda run=run: _is_told(connection, run, calm))
            found += verdict.of_run(run, await _found(connection, connected, run, bereft), calm)
    return found


async def _found(connection: Broker, connected: Connected, run: str, bereft: bool) -> Found:
    said = await counted(connection, f"{subjects.ROOT}.>")
    own = {s: count for s, count in said.items() if is_of(subjects.run_of(s), run)}
    told = await connected.facts.read(*subjects.of_run(run))
    reported = sorted({subjects.run_of(s) for s in own if s.startswith(REPORTS)})
    reports = {one: await _report(connected, one, bereft) for one in reported}
    return Found(own, reports, chosen({subjects.of(one.fact): one.fact for one in told}))


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


async def _is_told(connection: Broker, run: str, calm: Calm) -> bool:
    """Whether the log says that each report is written; one that lost that will say it again."""
    said = await counted(connection, f"{REPORTS}>")
    wanted = {subject for subject in calm.subjects if subject.startswith(REPORTS)}
    return wanted <= {verdict.anonymous(subject, run) for subject in said}


async def _report(connected: Connected, run: str, bereft: bool) -> Any:
    """The newest."""
    said = await connected.facts.read(*subjects.of_run(run))
    written = [one.fact for one in said if isinstance(one.fact, ReportWritten)]
    try:
        newest = max(written, key=lambda fact: fact.segment)
        return json.loads(await connected.objects.get(newest.report))
    except LostObject:
        if not bereft:
            raise
    return msgspec.to_builtins(await report(connected, run, fold(said), time.time()))
