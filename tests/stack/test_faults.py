"""What is wrong from outside: environments, messages, objects, specifications."""

import time
from typing import Any

import pytest

from faastraingym.adapters.http.signing import MAX_AGE, sign
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.direct import read_all
from faastraingym.events.delivery.requests import SIGNATURE
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import DEAD
from faastraingym.schemas import dead_letter
from faastraingym.schemas.messages import (
    CollectRollout,
    RunCompleted,
    RunFailed,
    RunRequested,
    encode,
)
from tests.stack.environments import ENDING, RAISING, UNBUILT, WORDS
from tests.stack.facts import end, report, until, updated
from tests.stack.specs import SHORT, held, undisturbed
from tests.stack.support import Gate, Stack

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("environment", {"environment": {"id": "CartPole-v7"}}, "no environment 'CartPole-v7'"),
    ("algorithm", {"algorithm": {"name": "pqo"}}, "spec.algorithm"),
    ("threshold", {"rollout": {"count": 2, "threshold": 3}}, "spec.rollout.threshold: found 3"),
    (
        "space",
        {"environment": {"id": "Pendulum-v1"}, "algorithm": {"name": "dqn"}},
        "DQN cannot act in Box",
    ),
    ("key", {"stopp": {"env_steps": 5}}, "did you mean"),
]


async def test_an_environment_that_raises_fails_its_run_alone(stack: Stack) -> None:
    """Its report holds the traceback; another run at the same time completes; following tells 2."""
    stack.start("raising", {**SHORT, "environment": {"id": RAISING, "num_envs": 2}})
    stack.start("beside", SHORT)
    async with stack.connect() as connected:
        failed = await end(connected.facts, "raising")
        completed = await end(connected.facts, "beside")
        assert isinstance(failed, RunFailed)
        assert isinstance(completed, RunCompleted)
        told = await report(connected, "raising")
    assert failed.function == "rollout"
    assert told["status"] == "failed"
    assert f"OverflowError: {WORDS}" in told["reason"]
    assert "Traceback (most recent call last)" in told["detail"]
    assert "environments.py" in told["detail"]
    assert stack.cli("follow", "raising").returncode == 2


@pytest.mark.parametrize(
    ("how", "reason", "detail"),
    [
        ("sys.exit", "SystemExit: no licence", "Traceback (most recent call last)"),
        ("os._exit", "ended its process (exit code 3) while it was stepped", ""),
        ("abort", "ended its process (signal SIGABRT) while it was stepped", "Fatal Python error"),
        ("SIGKILL", "or something outside, ended its process (signal SIGKILL)", ""),
    ],
)
async def test_an_environment_that_ends_its_process_is_named(
    stack: Stack, how: str, reason: str, detail: str
) -> None:
    """In one sentence of ours; an exit that Python knows of ends no process at all."""
    environment = {"id": ENDING, "num_envs": 2, "kwargs": {"how": how}}
    run = "ending-" + how.replace(".", "").replace("_", "").lower()
    stack.start(run, {**SHORT, "environment": environment})
    async with stack.connect() as connected:
        failed = await end(connected.facts, run)
    assert isinstance(failed, RunFailed)
    assert (
        f"{ENDING}, policy version 0" in failed.reason
        or f"the environment {ENDING}" in failed.reason
    )
    assert reason in failed.reason
    assert "Task exception" not in failed.reason
    assert detail in failed.detail


async def test_environments_that_hang_while_they_are_built_delay_nobody_else(stack: Stack) -> None:
    """Seven of them are being checked; an eighth specification starts before the first is told."""
    hanging = {**SHORT, "environment": {"id": UNBUILT, "num_envs": 2}}
    runs = [f"hanging-{i}" for i in range(7)]
    async with stack.connect() as connected:
        for seed, run in enumerate(runs):
            await connected.facts.publish_once(
                RunRequested(run=run, spec={**hanging, "seed": seed})
            )
        await connected.facts.publish_once(RunRequested(run="beside-hanging", spec=SHORT))
        assert isinstance(await end(connected.facts, "beside-hanging"), RunCompleted)
        for run in runs:
            failed = await end(connected.facts, run)
            assert isinstance(failed, RunFailed)
            assert failed.reason.startswith(
                f"spec.environment.id: {UNBUILT} was not built, reset and stepped within 30 s"
            )
        started = await connected.facts.read(subjects.of_topic("run.started"))
        ended = await connected.facts.read(subjects.of_topic("run.failed"))
    at = {r.fact.run: r.at for r in started} | {r.fact.run: r.at for r in ended}
    assert all(at["beside-hanging"] < at[run] for run in runs)
    assert stack.cli("start", stack.file(hanging), "--run", "hanging-here").returncode == 3


async def test_forged_messages_are_buried_and_harm_nobody(stack: Stack, gate: Gate) -> None:
    """Refused at once and never queued; what we signed and cannot read is a dead letter."""
    stack.start("slandered", held(gate))
    async with stack.connect() as connected:
        opening = await updated(connected.facts, "slandered")
        command = encode(
            CollectRollout(
                run="slandered", manifest=opening.manifest, policy=opening.policy, index=99
            )
        )
        key = (stack.home / "secrets" / "ftg-signing-key").read_bytes().strip()
        noise = bytes(range(256))
        forged = {
            "forged-unsigned": (command, ""),
            "forged-other-key": (command, sign(b"guess", "rollout", command, time.time())),
            "forged-other-function": (command, sign(key, "evaluate", command, time.time())),
            "replayed": (command, sign(key, "rollout", command, time.time() - MAX_AGE - 1)),
            "from-the-future": (command, sign(key, "rollout", command, time.time() + 3600)),
            "forged-noise": (noise, ""),
            "forged-signed-noise": (noise, sign(key, "rollout", noise, time.time())),
        }
        gate.open()
        for call_id, (body, signature) in forged.items():
            headers = {"X_Call_Id": call_id, SIGNATURE: signature}
            assert stack.post("/function/rollout", body, **headers) == 400
            expected = 202 if call_id == "forged-signed-noise" else 401
            assert stack.post("/async-function/rollout", body, **headers) == expected
        ended = await end(connected.facts, "slandered")
        letters = await _letters(stack, {"forged-signed-noise"})
        said = await connected.facts.read(*subjects.of_run("slandered"))
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(held(gate))
    letter = letters["forged-signed-noise"]
    assert (letter.status, letter.attempts, letter.payload) == (400, 1, noise)
    assert not set(forged) - {"forged-signed-noise"} & letters.keys()
    assert not [r for r in said if "dead-lettered" in subjects.of(r.fact)]


@pytest.mark.parametrize(("name", "change", "words"), REFUSED, ids=[name for name, *_ in REFUSED])
async def test_a_bad_specification_is_refused_everywhere_in_the_same_words(
    stack: Stack, name: str, change: dict[str, Any], words: str
) -> None:
    """By the command before anything is published; by start-run when it comes as an event."""
    refused = stack.cli("start", stack.file({**SHORT, **change}), "--run", f"cli-{name}")
    assert refused.returncode == 3
    assert words in refused.stderr
    async with stack.connect() as connected:
        assert await connected.facts.read(*subjects.of_run(f"cli-{name}")) == []
        run = f"event-{name}"
        await connected.facts.publish_once(RunRequested(run=run, spec={**SHORT, **change}))
        failed = await end(connected.facts, run)
    assert isinstance(failed, RunFailed)
    assert failed.function == "start-run"
    assert [line for line in failed.reason.splitlines() if line not in refused.stderr] == []


async def _letters(stack: Stack, call_ids: set[str]) -> dict[str, dead_letter.DeadLetter]:
    """The dead letters with these call ids, once they are all there."""
    found: dict[str, dead_letter.DeadLetter] = {}
    connection = await broker.connect(*stack.nats())

    async def complete() -> bool:
        stored = await read_all(connection, DEAD.name, subjects.of_dead_letter("rollout"))
        letters = [dead_letter.decode(item.data) for item in stored]
        found.update((letter.call_id, letter) for letter in letters)
        return found.keys() >= call_ids

    try:
        await until(complete)
    finally:
        await connection.close()
    return found
