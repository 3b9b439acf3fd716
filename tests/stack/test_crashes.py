"""Processes are killed, messages lost: every run ends with the bytes that it would have had."""

import asyncio

import msgspec
import pytest

from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import ASYNC
from faastraingym.schemas.messages import PolicyUpdated, RolloutCompleted, RunCompleted
from tests.stack.environments import waiting
from tests.stack.facts import end, first, report, until, updated
from tests.stack.specs import LONG, held, undisturbed
from tests.stack.support import Gate, Stack

VICTIMS = ("rollout", "update-policy", "queue-worker", "gateway", "nats-server", "weed")


async def test_kill_dash_nine_of_everything_in_turn(battered: Stack) -> None:
    """Each process of the stack, then all of them at once with their supervisor."""
    battered.start("battered", LONG)
    for version, victim in enumerate(VICTIMS, 1):
        await _reaches(battered, "battered", 10 * version)
        battered.kill(victim)
    await _reaches(battered, "battered", 70)
    battered.kill("supervisor")
    battered.up()
    async with battered.connect() as connected:
        ended = await end(connected.facts, "battered")
    assert isinstance(ended, RunCompleted), ended
    assert ended.policy.policy.sha256 == await undisturbed(LONG)


async def test_a_rollout_that_is_killed_is_collected_again(battered: Stack, gate: Gate) -> None:
    """The one in hand, for certain: its environments stood still."""
    battered.start("interrupted", held(gate))

    async def in_hand() -> bool:  # a replica that was only warmed up has nothing
        return waiting(gate.path).exists()

    async with battered.connect() as connected:
        await updated(connected.facts, "interrupted")
        await until(in_hand)
        battered.kill("rollout")
        gate.open()
        ended = await end(connected.facts, "interrupted")
        written = await report(connected, "interrupted")
        told = [u for u in await connected.facts.usage("interrupted") if u.function == "rollout"]
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(held(gate))
    (killed,) = [one for one in told if one.status == 502]  # who told of it lives on
    assert (killed.heard, killed.version, killed.memory_mb) == ("collect-rollout", 0, 512)
    assert killed.call_id in {one.call_id for one in told if one.status == 200}
    for usage in (written["usage"], battered.json("show", "interrupted")["usage"]):
        assert usage["rollout"]["invocations"] == len(told)
        assert usage["rollout"]["seconds"] == pytest.approx(sum(one.seconds for one in told))
        assert usage["rollout"]["gb_seconds"] == pytest.approx(usage["rollout"]["seconds"] / 2)


async def test_a_lost_command_is_issued_again(battered: Stack, gate: Gate) -> None:
    """A queue that forgets: `reconcile` finds what is overdue, and the bytes are the same."""
    battered.start("forgotten", held(gate))
    connection = await broker.connect(*battered.nats())
    async with battered.connect() as connected:
        facts = connected.facts
        await until(lambda: _queued(connection, 2))  # one is held, the other waits for it
        await connection.api(f"STREAM.PURGE.{ASYNC.name}")
        battered.kill("queue-worker")  # or it would deliver what it has in hand
        gate.open()
        await first(facts, "forgotten", lambda fact: isinstance(fact, RolloutCompleted))
        assert await facts.count(subjects.of_kind(PolicyUpdated, "forgotten", 1)) == 0
        ending = asyncio.create_task(end(facts, "forgotten"))
        while not ending.done():
            assert battered.post("/function/reconcile", b"") == 200
            await asyncio.wait([ending], timeout=0.5)
    await connection.close()
    ended = ending.result()
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(held(gate))


async def _reaches(stack: Stack, run: str, version: int) -> None:
    async with stack.connect() as connected:
        await updated(connected.facts, run, version)


async def _queued(connection: Broker, count: int) -> bool:
    info = msgspec.json.decode(await connection.api(f"STREAM.INFO.{ASYNC.name}"))
    return bool(info["state"]["messages"] == count)
