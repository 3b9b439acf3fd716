"""Runs that files in the bucket start, while start-run is killed at moments that a seed chose."""

import asyncio
import contextlib
import io
import json
import random
from typing import Any

import psutil
from minio import Minio

from benchmarks.report import Row
from faastraingym.algorithms.registry import parse
from faastraingym.client import target
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.roles import TRIGGER
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested
from tests.chaos.progress import counted
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Stack

from .runs import BUCKET, Bench, ended, losses, none, seconds
from .sizes import Size

NAME = "uploads"
SEED = 3
MOST_PAUSE = 4.0  # seconds between two uploads, and from one to the next kill


async def measure(at: Bench, size: Size) -> list[Row]:
    """Every file is one run, asked for once, with the SHA-256 of its undisturbed self."""
    chance = random.Random(SEED)
    specs = [_seeded(seed) for seed in range(size.uploads)]
    runs, tasks = [], []
    async with asyncio.TaskGroup() as killing:
        for number, spec in enumerate(specs):
            runs.append(await asyncio.to_thread(_put, at.stack, number, spec))
            tasks.append(killing.create_task(_kill(at.stack, chance.uniform(0.0, MOST_PAUSE))))
            await asyncio.sleep(chance.uniform(0.0, MOST_PAUSE))
    killed = sum(task.result() for task in tasks)
    named = zip(runs, map(parse, specs), strict=True)
    over = await asyncio.gather(*(ended(at, run, spec) for run, spec in named))
    alone = [await undisturbed(spec) for spec in specs]
    differ = sum(run.sha256 != sha256 for run, sha256 in zip(over, alone, strict=True))
    asked = await counted(at.broker, subjects.of_topic("run.requested"))
    once = sum(asked.get(subjects.of_kind(RunRequested, run)) == 1 for run in runs)
    others = [name for name in asked if name.split(".")[3].startswith(f"{NAME}-")]
    note = f"start-run killed {killed} times meanwhile"
    whole = f"{len(runs)} uploads, each to its report"
    return [
        Row(benchmark=NAME, what=whole, unit="s", samples=[*map(seconds, over)], note=note),
        *await losses(at, NAME, *over),
        none(NAME, "uploads that were not asked for once", len(runs) - once),
        none(NAME, "runs that no upload stands for", len(others) - len(set(runs))),
        none(NAME, "SHA-256 other than undisturbed", differ),
        none(NAME, "two runs with one SHA-256", len(over) - len({run.sha256 for run in over})),
    ]


def _seeded(seed: int) -> dict[str, Any]:
    return {**SHORT, "seed": seed, "rollout": {"count": 2, "num_steps": 16}}


def _put(stack: Stack, number: int, spec: dict[str, Any]) -> str:
    """Upload as whoever has runs started does it; the run that it is to start."""
    login, url = stack.credentials().s3[TRIGGER], target.find(stack.environment).s3.url
    store = Minio(url.removeprefix("http://"), login.user, login.password, secure=False)
    key, data = f"{keys.EXPERIMENTS}{NAME}-{number}.json", json.dumps(spec).encode()
    store.put_object(BUCKET, key, io.BytesIO(data), len(data))
    return outside_events.of_upload(key, data)


async def _kill(stack: Stack, after: float) -> int:
    """kill -9 of whatever serves start-run by then; how many that were."""
    await asyncio.sleep(after)
    found = await asyncio.to_thread(lambda: stack.all_replicas().get("start-run", []))
    with contextlib.suppress(psutil.NoSuchProcess):
        for replica in found:
            replica.kill()
    return len(found)
