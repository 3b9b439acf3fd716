"""Environments that never answer: they cost their own runs, and nobody else's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faastraingym.client.world import Connected
from faastraingym.schemas.messages import InvocationCompleted, RunCompleted, RunFailed
from tests.stack.environments import HANGING
from tests.stack.facts import end, report, until
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Gate, Stack, stack_file_of, with_timeout
from tests.stack.test_stragglers import straggling

TIMEOUT = 6  # seconds of a rollout
SLOTS = 4
REMEDY = (
    f"its rollout ran longer than exec_timeout={TIMEOUT}s twice: shorten it (rollout.num_steps, "
    "environment.num_envs), or raise exec_timeout of rollout in stack.yml; if it should be quick, "
    "its environment never answers"
)
KINDS: dict[str, dict[str, Any]] = {
    "in-its-constructor": {"where": "constructor"},
    "in-a-reset": {"where": "reset"},
    "in-the-third-version": {"after": 40},
    "merely-slow": {"after": 1, "seconds": 0.5},  # 16 steps of 2 environments
}


def hanging(**kwargs: Any) -> dict[str, Any]:
    """SHORT in an environment that hangs; four rollouts a version, so that it could hold all."""
    return {
        **SHORT,
        "environment": {"id": HANGING, "num_envs": 2, "kwargs": kwargs},
        "rollout": {"count": SLOTS, "num_steps": 16, "deadline_seconds": 1.0},
        "stop": {"env_steps": 4000},
    }


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack whose rollouts may take seconds only."""
    home = tmp_path_factory.mktemp("impatient")
    file = stack_file_of(home / "source", lambda ours: with_timeout(ours, TIMEOUT))
    stack = Stack(
        home,
        FAASTRAIN_STACK=str(file),
        FTG_MAX_ROLLOUTS=str(SLOTS),
        FTG_COMPILATION_CACHE=str(compiled),
        FAASTRAIN_ZERO_DURATION="1m",
    )
    with stack.running():
        yield stack


async def test_runs_that_hang_cost_nobody_else_anything(impatient: Stack) -> None:
    """They hold half of the rollouts at most, whatever recovery issues again, and fail with the
    remedy; what else they had queued is never tried, and the others end as if they were alone."""
    await _train(impatient, "before", 1)
    for run in ("stuck-a", "stuck-b"):
        impatient.start(run, hanging())
    async with impatient.connect() as connected:
        await until(lambda: _has_begun(connected, "stuck-b"))
        await _train(impatient, "beside", 1, 2, 3)
        failing = asyncio.gather(*(end(connected.facts, run) for run in ("stuck-a", "stuck-b")))
        while not failing.done():
            assert impatient.post("/function/reconcile", b"") == 200  # issues again what is overdue
            await asyncio.wait([failing], timeout=1.0)
        for failed in failing.result():
            assert isinstance(failed, RunFailed)
            assert failed.reason == REMEDY
        tried = [one for run in ("stuck-a", "stuck-b") for one in await _tried(connected, run)]
        assert _at_once(tried) <= SLOTS // 2
        await _train(impatient, "after", 4)  # what was queued is taken and dropped meanwhile
        again = [one for run in ("stuck-a", "stuck-b") for one in await _tried(connected, run)]
        assert len(again) == len(tried) == 4
    shown = impatient.cli("show", "stuck-a")
    assert REMEDY in " ".join((shown.stdout + shown.stderr).split())


async def test_whatever_hangs_fails_its_run_with_the_remedy(impatient: Stack) -> None:
    """In the constructor, in a reset, after it has gone well, and where it is merely too slow."""
    for run, kwargs in KINDS.items():
        impatient.start(run, hanging(**kwargs))
    async with impatient.connect() as connected:
        for run in KINDS:
            failed = await end(connected.facts, run)
            assert isinstance(failed, RunFailed)
            assert failed.reason == REMEDY
            told = await report(connected, run)
            assert (told["status"], told["reason"]) == ("failed", REMEDY)
            assert (told["versions"] > 1) == (run == "in-the-third-version")
        assert all([not await _begun_after_the_end(connected, run) for run in KINDS])


async def test_a_rollout_that_hangs_once_is_collected_by_another_replica(
    impatient: Stack, gate: Gate
) -> None:
    """To the same bytes; nobody has two of one piece of work in hand meanwhile."""
    spec = straggling(gate)
    impatient.start("hangs-once", spec)
    async with impatient.connect() as connected:
        ended = await end(connected.facts, "hangs-once")
        assert isinstance(ended, RunCompleted)
        assert gate.path.exists()
        assert len(await _tried(connected, "hangs-once")) == 1
    assert ended.policy.policy.sha256 == await undisturbed(spec)


async def _train(stack: Stack, name: str, *seeds: int) -> None:
    """Runs at once; each as if it were alone."""
    specs = {f"{name}-{seed}": {**SHORT, "seed": seed} for seed in seeds}
    for run, spec in specs.items():
        stack.start(run, spec)
    async with stack.connect() as connected:
        for run, spec in specs.items():
            ended = await end(connected.facts, run)
            assert isinstance(ended, RunCompleted)
            assert ended.policy.policy.sha256 == await undisturbed(spec)


async def _tried(connected: Connected, run: str) -> list[InvocationCompleted]:
    """The attempts that were killed: the queue-worker counts them."""
    usage = await connected.facts.usage(run, "rollout")
    return [one for one in usage if one.heard == "collect-rollout" and one.status == 504]


async def _begun_after_the_end(connected: Connected, run: str) -> bool:
    said = await connected.facts.read(f"ftg.run.failed.{run}.*")
    return any(one.started_at > said[0].at for one in await _tried(connected, run))


async def _has_begun(connected: Connected, run: str) -> bool:
    return await connected.facts.count(f"ftg.policy.updated.{run}.0") > 0


def _at_once(tried: list[InvocationCompleted]) -> int:
    """How many of them held a replica at the same time."""
    return max(
        sum(a.started_at <= b.started_at < a.started_at + a.seconds - 0.1 for a in tried)
        for b in tried
    )
