"""Environments that travel as data: added to a running stack, and learnt without restarting it."""

import asyncio
import hashlib
import runpy
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.sources import pack
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.stage.isolated import FOLDERS
from faastraingym.client import target
from faastraingym.client.world import Connected
from faastraingym.events.topology.roles import OPERATOR, SUPERVISOR
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RolloutCompleted, RunCompleted, RunFailed, RunRequested
from tests.stack.facts import end, first
from tests.stack.packages import dying, pole
from tests.stack.support import Stack
from tests.stack.test_env_step import ask


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack that knows none of these environments, with two rollouts at once."""
    made = Stack(
        tmp_path_factory.mktemp("packages"),
        FTG_MAX_ROLLOUTS="2",
        FTG_COMPILATION_CACHE=str(compiled),
        FTG_ENVIRONMENTS="",
    )
    with made.running():
        yield made


def spec_of(*digests: str, seed: int = 3) -> dict[str, Any]:
    return {
        "seed": seed,
        "environment": {
            "id": "pole:Pole",
            "num_envs": 2,
            "kwargs": {"max_episode_steps": 200},
            "packages": list(digests),
        },
        "rollout": {"count": 2, "num_steps": 32},
        "algorithm": {"name": "ppo", "update_epochs": 2, "num_minibatches": 2, "hidden_sizes": [8]},
        "evaluation": {"every": 5, "episodes": 4},
        "stop": {"env_steps": 1_000},
    }


async def added(connected: Connected, file: Path) -> str:
    """The digest of a file that the operator added."""
    package = pack(f"{file}:Pole").package
    return (await Library(connected.bucket).add(package, time.time())).sha256


def children(stack: Stack) -> list[psutil.Process]:
    """The processes in which packages were imported."""
    found = []
    for process in stack.all_replicas().get("rollout", []):
        with suppress(psutil.Error):
            if FOLDERS in process.environ():
                found.append(process)
    return found


async def test_two_versions_of_one_module_at_once(stack: Stack, tmp_path: Path) -> None:
    """Neither learns in the other's; each comes to what it comes to alone."""
    file = tmp_path / "pole.py"
    digests = []
    async with stack.connect() as connected:
        for length in (0.25, 2.0):
            file.write_text(pole(length))
            digests.append(await added(connected, file))
        first, second = map(spec_of, digests)
        asked = {"short": first, "long": second, "short-again": first}
        for run, spec in asked.items():
            await connected.facts.publish_once(RunRequested(run=run, spec=spec))
        ended = {run: await end(connected.facts, run) for run in asked}
    assert all(isinstance(one, RunCompleted) for one in ended.values()), ended
    made = {run: one.policy.policy.sha256 for run, one in ended.items()}
    assert made["short"] == made["short-again"] != made["long"]


async def test_kill_dash_nine_of_a_child_changes_nothing(stack: Stack, tmp_path: Path) -> None:
    """It ends its replica, as the replica's own death would; the work is done again."""
    file = tmp_path / "pole.py"
    file.write_text(pole(0.75))
    async with stack.connect() as connected:
        spec = spec_of(await added(connected, file))
        await connected.facts.publish_once(RunRequested(run="calm", spec=spec))
        calm = await end(connected.facts, "calm")
        await connected.facts.publish_once(RunRequested(run="killed", spec=spec))
        await first(
            connected.facts,
            "killed",
            lambda fact: isinstance(fact, RolloutCompleted) and fact.trajectory.version >= 3,
        )
        victims = children(stack)
        assert victims
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        killed = await end(connected.facts, "killed")
    assert isinstance(calm, RunCompleted), calm
    assert isinstance(killed, RunCompleted), killed
    assert killed.policy.policy.sha256 == calm.policy.policy.sha256


async def test_a_caller_steps_in_a_package_and_its_replica_dies(
    stack: Stack, tmp_path: Path
) -> None:
    """Of the version that was newest when the environments were made, also once another is."""
    file = tmp_path / "pole.py"
    file.write_text(pole(0.4))
    local = runpy.run_path(str(file))["Pole"]()
    expected, _ = local.reset(seed=3)
    async with stack.connect() as connected:
        await added(connected, file)
        made = await asyncio.to_thread(ask, stack, "make", env_id="pole:Pole")
        file.write_text(pole(1.6))
        await added(connected, file)
    found = await asyncio.to_thread(ask, stack, "reset", state=made["state"], seed=3)
    seen = np.float32(found["observations"][0])
    for number in range(6):
        assert seen.tobytes() == expected.tobytes()
        if number == 3:
            stack.kill_replicas("env-step")
        action = number % 2
        expected, *_ = local.step(action)
        fields = {"state": found["state"], "actions": [[action]]}
        found = await asyncio.to_thread(ask, stack, "step", **fields)
        seen = np.float32(found["observations"][0][0])


async def test_what_nobody_added_is_refused(stack: Stack) -> None:
    """Whoever may publish an event may not bring code."""
    digest = hashlib.sha256(b"nobody's").hexdigest()
    async with stack.connect() as connected:
        await connected.facts.publish_once(RunRequested(run="nobodys", spec=spec_of(digest)))
        ended = await end(connected.facts, "nobodys")
    assert isinstance(ended, RunFailed)
    assert ended.reason == (
        f"spec.environment.packages: nobody added a package with the SHA-256 {digest}; the "
        "operator adds it with `faastrain env add`, or leave the key out for the newest one"
    )


async def test_bytes_that_were_altered_in_the_store_are_not_imported(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "pole.py"
    file.write_text(pole(0.9))
    async with stack.connect() as connected:
        digest = await added(connected, file)
        file.write_text(pole(0.1))
        other = pack(file).package.data
        await connected.bucket.write(keys.package(digest), other, "application/zip")
        await connected.facts.publish_once(RunRequested(run="altered", spec=spec_of(digest)))
        ended = await end(connected.facts, "altered")
    assert isinstance(ended, RunFailed)
    assert f"the package {digest} has the SHA-256 " in ended.reason


async def test_no_function_may_write_what_functions_import(stack: Stack) -> None:
    """Nor may a client that starts runs; only the operator."""
    found = target.find(stack.environment)
    for role, login in stack.credentials().s3.items():
        store = S3ObjectStore(found.s3.url, found.bucket, login)
        try:
            if role in (OPERATOR, SUPERVISOR):
                await store.write(keys.package("0" * 64), b"x", "application/zip")
                await store.delete([keys.package("0" * 64)])
                continue
            with pytest.raises(Refused):
                await store.write(keys.package("0" * 64), b"x", "application/zip")
        finally:
            await store.close()


async def test_code_that_ends_its_process_costs_its_own_run(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "pole.py"
    file.write_text(dying())
    async with stack.connect() as connected:
        digest = await added(connected, file)
        await connected.facts.publish_once(RunRequested(run="dying", spec=spec_of(digest)))
        ended = await end(connected.facts, "dying")
    assert isinstance(ended, RunFailed)
    assert "exit code 7" in ended.reason
