"""A whole stack: a run learns from what a function of one's own answers, whatever dies."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from faastraingym.schemas import keys
from tests.chaos.specs import REPLAYING
from tests.reward_servers import EXAMPLE, NAME
from tests.stack.facts import until
from tests.stack.specs import SHORT, calm
from tests.stack.support import Stack

BY_FUNCTION: dict[str, Any] = {**SHORT, "reward": {"function": NAME}}
REPLAYED: dict[str, Any] = {  # of a window of ten versions
    **REPLAYING,
    "reward": [{"kind": "function", "name": NAME}, {"kind": "scale", "factor": 0.5}],
    "stop": {"env_steps": 2_000},
}


@pytest.fixture
def deployed(own: Stack) -> Stack:
    """A stack that has the example's function."""
    done = own.cli("rewards", "deploy", str(EXAMPLE / "stack.yml"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'deployed {NAME}; a specification names it: reward.function = "{NAME}"\n'
    return own


async def test_a_run_learns_from_it_and_its_cost_is_told(deployed: Stack) -> None:
    """As if everything happened in one process."""
    undisturbed = await calm(BY_FUNCTION)
    deployed.start("paid", BY_FUNCTION)
    report = deployed.json("follow", "paid")
    assert report["policy"]["sha256"] == undisturbed.sha256
    usage = report["usage"][NAME]
    assert usage["invocations"] == report["versions"]
    assert usage["gb_seconds"] == pytest.approx(usage["seconds"] / 4)  # of 256 MiB
    assert (
        report["reproducible"]
        == f"yes, if the reward function {NAME} is: the same trajectories, the same rewards"
    )
    traced = deployed.cli("trace", "paid", "--out", str(deployed.home / "trace.json"))
    assert traced.returncode == 0, traced.stderr


async def test_it_may_die_and_what_it_answered_may_be_lost(deployed: Stack) -> None:
    """A learner that starts anew misses its window's rewards, and the function is asked again."""
    undisturbed = await calm(REPLAYED)
    deployed.start("battered", REPLAYED)
    store = deployed.s3()
    for version in (8, 16, 24):
        await until(lambda version=version: _there(store, keys.rewards("battered", version)))
        for before in range(version - 6, version - 1):
            store.remove_object("faastraingym", keys.rewards("battered", before))
        deployed.kill_replicas(NAME)
        deployed.kill_replicas("update-policy")
    report = await asyncio.to_thread(deployed.json, "follow", "battered")
    assert report["policy"]["sha256"] == undisturbed.sha256
    assert report["usage"][NAME]["invocations"] > report["versions"] + 3


async def _there(store: Any, key: str) -> bool:
    return bool(list(store.list_objects("faastraingym", prefix=key)))


def test_one_that_is_not_there_is_told_at_the_start(deployed: Stack) -> None:
    deployed.start("lonely", {**SHORT, "reward": {"function": "nobody"}})
    report = deployed.json("follow", "lonely")
    assert report["status"] == "failed"
    assert report["reason"].startswith(
        "spec.reward[0].name: the reward function nobody answered 404: "
    )


FAILS = """
from faastraingym.rewards import Batch, function

@function
def handle(batch: Batch):
    return [1 / 0 for _ in batch.trajectories]
"""


def own_function(folder: Path, stack: str, handler: str = "") -> str:
    """A stack.yml of a reader's, with the example's function or another of its name."""
    (folder / NAME).mkdir(parents=True)
    text = handler or (EXAMPLE / NAME / "handler.py").read_text()
    (folder / NAME / "handler.py").write_text(text)
    (folder / "stack.yml").write_text(stack)
    return str(folder / "stack.yml")


def test_one_that_always_fails_ends_the_run_in_its_own_words(
    deployed: Stack, tmp_path: Path
) -> None:
    """After five attempts, with the name of the function, its error, and where to read more."""
    stack = (EXAMPLE / "stack.yml").read_text()
    done = deployed.cli("rewards", "deploy", own_function(tmp_path / "own", stack, FAILS))
    assert done.returncode == 0, done.stderr
    deployed.start("failing", {**BY_FUNCTION, "rollout": {**SHORT["rollout"], "count": 1}})
    report = deployed.json("follow", "failing")
    assert report["status"] == "failed"
    said = (
        f"the reward function {NAME} answered 500: ZeroDivisionError: division by zero; see "
        f"`faastrain logs {NAME}`"
    )
    assert said in report["reason"] + report["detail"]
    assert report["usage"][NAME]["invocations"] == 5
    logged = deployed.cli("logs", NAME)
    assert "return [1 / 0 for _ in batch.trajectories]" in logged.stdout


def test_one_without_its_key_is_told_at_the_start(deployed: Stack, tmp_path: Path) -> None:
    stack = (EXAMPLE / "stack.yml").read_text().replace(f"[ftg-reward-key-{NAME}]", "[]")
    done = deployed.cli("rewards", "deploy", own_function(tmp_path / "own", stack))
    assert done.returncode == 0, done.stderr
    deployed.start("unpaid", BY_FUNCTION)
    report = deployed.json("follow", "unpaid")
    assert f"answered 401: the secret ftg-reward-key-{NAME} cannot be read" in report["reason"]
