"""Environments that travel as data: added to a running stack, and learnt without restarting it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.sources import pack
from faastraingym.schemas.messages import RunCompleted, RunRequested
from tests.stack.facts import end
from tests.stack.packages import pole
from tests.stack.support import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack that knows none of these environments, with two rollouts at once."""
    made = Stack(
        tmp_path_factory.mktemp("packages"),
        FTG_MAX_ROLLOUTS="2",
        FTG_COMPILATION_CACHE=str(compiled),
        FTG_ENVIRONMENTS="",
    )
    try:
        made.up()
        yield made
    finally:
        made.down()


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


async def test_two_versions_of_one_module_at_once(stack: Stack, tmp_path: Path) -> None:
    """Neither learns in the other's; each comes to what it comes to alone."""
    file = tmp_path / "pole.py"
    digests = []
    async with stack.connect() as connected:
        library = Library(connected.bucket)
        for length in (0.25, 2.0):
            file.write_text(pole(length))
            digests.append((await library.add(pack(f"{file}:Pole").package, time.time())).sha256)
        first, second = map(spec_of, digests)
        asked = {"short": first, "long": second, "short-again": first}
        for run, spec in asked.items():
            await connected.facts.publish_once(RunRequested(run=run, spec=spec))
        ended = {run: await end(connected.facts, run) for run in asked}
    assert all(isinstance(one, RunCompleted) for one in ended.values()), ended
    made = {run: one.policy.policy.sha256 for run, one in ended.items()}
    assert made["short"] == made["short-again"] != made["long"]
