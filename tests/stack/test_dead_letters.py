"""What is done with deliveries that were given up."""

import time

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.direct import read_last
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import invocation
from faastraingym.events.topology.streams import ASYNC
from faastraingym.schemas import dead_letter
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    RunCompleted,
    RunFailed,
    encode,
)
from tests.stack.environments import RAISING, WORDS
from tests.stack.facts import end, report, until, updated
from tests.stack.specs import SHORT, held, undisturbed
from tests.stack.support import Gate, Stack


async def test_a_failed_runs_letter_is_listed_shown_and_not_replayed(battered: Stack) -> None:
    """Nobody waits for it: what to do is said, and the exit code is 3; then it is dropped."""
    battered.start("given-up", {**SHORT, "environment": {"id": RAISING, "num_envs": 2}})
    async with battered.connect() as connected:
        assert isinstance(await end(connected.facts, "given-up"), RunFailed)
        await report(connected, "given-up")
    first, *_ = rows = battered.json("dead", "list", "--run", "given-up")
    assert (first["function"], first["run"], first["status"]) == ("rollout", "given-up", 422)
    assert WORDS in first["error"]
    shown = battered.json("dead", "show", str(first["id"]))
    assert shown["message"]["type"] == "collect-rollout"
    assert "Traceback (most recent call last)" in shown["detail"]
    assert "faastrain dead list --run given-up" in battered.cli("show", "given-up").stderr
    assert battered.json("status")["dead_letters"] >= len(rows)
    refused = battered.cli("dead", "replay", "--run", "given-up")
    assert refused.returncode == 3
    assert "`faastrain resume given-up`" in refused.stderr
    assert battered.cli("dead", "drop", "--run", "given-up").returncode == 0
    assert battered.json("dead", "list", "--run", "given-up") == []


async def test_a_replayed_letter_is_invoked_again_and_harms_nothing(
    battered: Stack, gate: Gate
) -> None:
    """Work that is waiting has its command already, and keeps its letter; other work is done."""
    battered.start("replayed", held(gate))
    connection = await broker.connect(*battered.nats())
    async with battered.connect() as connected:
        opening = await updated(connected.facts, "replayed")
        known = {"run": "replayed", "manifest": opening.manifest, "policy": opening.policy}
        key = (battered.home / "secrets" / "ftg-signing-key").read_bytes().strip()
        rollout, evaluation = CollectRollout(**known, index=0), EvaluatePolicy(**known)
        for command in (rollout, evaluation):
            payload, function = encode(command), invocation(command).function
            letter = DeadLetter(
                function=function,
                subject=f"ftg-async.{function}",
                call_id="lost",
                payload=payload,
                attempts=20,
                status=503,
                error="no answer",
                at=time.time(),
                signature=sign(key, function, payload, time.time() - 86_400),
            )
            await NatsBus(connection).give_up(function, dead_letter.encode(letter))
        await until(lambda: _is_queued(connection, rollout))
        done = battered.cli("dead", "replay", "--run", "replayed")
        assert (done.returncode, done.stdout.count("replayed")) == (3, 1)
        assert "the same work waits already, or is being done" in done.stderr
        await until(lambda: _is_queued(connection, evaluation))
        (kept,) = battered.json("dead", "list", "--run", "replayed")
        assert kept["function"] == "rollout"
        gate.open()
        ended = await end(connected.facts, "replayed")
    await connection.close()
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(held(gate))


async def _is_queued(connection: Broker, command: Message) -> bool:
    """Whether the command's work waits, or is being done: its environments wait for the gate."""
    wanted = invocation(command)
    subject = subjects.of_command(wanted.function, wanted.work)
    return bool(await read_last(connection, ASYNC.name, [subject]))
