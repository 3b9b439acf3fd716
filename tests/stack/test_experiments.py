"""Experiments on the real stack: one command, and the same decisions whatever is killed."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from tests.stack.facts import answered
from tests.stack.specs import SHORT
from tests.stack.support import Stack
from tests.test_experiment import compete, facts, policies
from tests.test_loop import Platform

LONGEST = 300.0  # seconds for one experiment, on a busy machine
BASE = {key: value for key, value in SHORT.items() if key != "seed"} | {"stop": {"env_steps": 128}}
SPEC: dict[str, Any] = {
    "run": BASE,
    "space": {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}},
    "seeds": [5, 6],
    "at_once": 3,
    "scheduler": {"name": "halving", "first": 64, "factor": 2},
}
FUNCTIONS = ("plan-experiment", "conclude-run", "start-run")  # of which no replica may be there
VICTIMS = ("plan-experiment", "conclude-run", "queue-worker", "nats-server", "start-run")
CHOSEN = (m.TrialRequested, m.TrialDecided, m.ExperimentCompleted)


@pytest.fixture(scope="module")
def undisturbed() -> Platform:
    return asyncio.run(compete(Platform(), SPEC))


async def chosen(stack: Stack, name: str) -> dict[str, m.Message]:
    """What was decided, by subject; names of the experiment as in `undisturbed`."""
    async with stack.connect() as connected:
        found = await connected.facts.read(*subjects.of_run(name))
        return {subjects.of(r.fact): r.fact for r in found if isinstance(r.fact, CHOSEN)}


async def test_one_command_trains_all_runs_with_the_bytes_that_one_process_makes(
    stack: Stack, undisturbed: Platform
) -> None:
    training = stack.popen("train", stack.file(SPEC), "--run", "sweep")
    said, complained = training.communicate(timeout=LONGEST)
    assert training.returncode == 0, complained
    assert "status: completed" in said
    assert await chosen(stack, "sweep") == facts(undisturbed, *CHOSEN)
    report = stack.json("show", "sweep")
    assert [row["state"] for row in report["rows"]].count("completed") == 1
    listed = {row["experiment_id"]: row for row in stack.json("experiments")}
    assert listed["sweep"]["best"] == report["best"]
    async with stack.connect() as connected:
        await same_policies(connected, undisturbed)


async def test_functions_of_the_experiment_that_are_killed_decide_the_same(
    battered: Stack, undisturbed: Platform
) -> None:
    battered.start("sweep", SPEC)
    async with battered.connect() as connected, asyncio.timeout(LONGEST):
        for count, victim in enumerate(VICTIMS, 1):

            async def has_reported(least: int = count) -> bool:
                return await connected.facts.count("ftg.trial.reported.sweep.>") >= least

            await holds(has_reported)
            (battered.kill_replicas if victim in FUNCTIONS else battered.kill)(victim)
        await ended(connected, "sweep")
        assert await chosen(battered, "sweep") == facts(undisturbed, *CHOSEN)
        await same_policies(connected, undisturbed)


async def test_an_upload_with_a_space_is_an_experiment(stack: Stack) -> None:
    small = {**SPEC, "seeds": [5], "scheduler": {"name": "none"}}
    key, data = f"{keys.EXPERIMENTS}upload.json", json.dumps(small).encode()
    stack.s3().put_object("faastraingym", key, io.BytesIO(data), len(data))
    async with stack.connect() as connected, asyncio.timeout(LONGEST):
        await ended(connected, outside_events.of_upload(key, data))


async def same_policies(connected: Connected, undisturbed: Platform) -> None:
    for key, data in policies(undisturbed).items():
        found = await connected.objects.find(key)
        assert found is not None, key
        assert await connected.objects.get(found) == data


async def ended(connected: Connected, name: str) -> None:
    async def has_ended() -> bool:
        return bool(await connected.facts.count(subjects.of_kind(m.ExperimentCompleted, name)))

    await holds(has_ended)


async def holds(what: Callable[[], Awaitable[bool]]) -> None:
    while not await answered(what):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
