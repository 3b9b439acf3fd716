"""A store that loses all it has, or its newest part, in mid-run, with another run beside it.

`python -m tests.stack.lost_store --versions 36 127 300` removes the store's directory at each of
these versions; `--back 41` puts an earlier copy of it there instead.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from faastraingym.algorithms.registry import parse
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.ascent import Lost
from faastraingym.events.pipeline.history import fold
from faastraingym.events.pipeline.lineage import Lineage
from faastraingym.events.ports import Recorded
from faastraingym.schemas import keys
from faastraingym.schemas.messages import PolicyUpdated, RestoreObject, RunCompleted, RunFailed, tag
from tests.stack.facts import end
from tests.stack.specs import undisturbed
from tests.stack.support import Stack

BUCKET = "faastraingym"
STEPS = 16  # environment steps of a rollout
KEPT = 2  # versions
WARM = 3  # versions after which a run's functions are
MOST_SECONDS = 1800.0
MORE = 12  # versions that the run goes on for afterwards
RUN, BESIDE, ALONE = "lost", "beside", "alone"


class Told(NamedTuple):
    """What a loss came to."""

    versions: int
    objects: int  # that were made again
    trained: float  # seconds that the versions took which were lost
    restored: float  # seconds from `up` to the next version
    messages: int  # restorations that functions answered
    retries: int  # deliveries that came again, the other run's not counted
    alone: float  # versions a second of a run alone on the stack
    beside: float  # versions a second of another run meanwhile

    def __str__(self) -> str:
        return (
            f"| {self.versions} | {self.objects} | {self.messages} | {self.retries} | "
            f"{self.trained:.1f} s | {self.restored:.1f} s | "
            f"{self.restored / self.trained:.2f} | {self.beside / self.alone:.2f} |"
        )


HEAD = (
    "| versions | objects lost | restorations | retries | trained in | gone on after | ratio | "
    "pace of another run |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def spec(versions: int, seed: int = 1, **rollout: Any) -> dict[str, Any]:
    """A run whose versions cost next to nothing, and that keeps two of them."""
    count = rollout.get("count", 1)
    return {
        "seed": seed,
        "environment": {"id": "CartPole-v1", "num_envs": 1},
        "rollout": {"count": 1, "num_steps": STEPS, **rollout},
        "algorithm": {"name": "ppo", "num_minibatches": 1, "update_epochs": 1},
        "evaluation": {"every": 1000, "episodes": 1},
        "stop": {"env_steps": STEPS * count * versions},
        "retention": {"versions": KEPT},
    }


def removed(stack: Stack) -> None:
    """The store's directory is gone."""
    shutil.rmtree(stack.home / "weed")


def rolled_back(copy: Path) -> Callable[[Stack], None]:
    """It is an earlier copy."""

    def lose(stack: Stack) -> None:
        removed(stack)
        shutil.copytree(copy, stack.home / "weed" / "data")

    return lose


async def endure(
    stack: Stack, versions: int, back: int | None = None, paced: int = 20, **rollout: Any
) -> Told:
    """A run that loses its objects at some version, goes on, and ends with the same bytes."""
    wanted = spec(versions + MORE, **rollout)
    copy = stack.home / "copy"
    async with stack.connect() as connected:
        stack.start(RUN, wanted)
        await _reaches(connected, RUN, versions - back if back else versions)
    if back:
        stack.down()
        shutil.copytree(stack.home / "weed" / "data", copy)
        stack.up()
        async with stack.connect() as connected:
            await _reaches(connected, RUN, versions)
    stack.down()
    (rolled_back(copy) if back else removed)(stack)
    stack.up()
    began = time.monotonic()
    async with stack.connect() as connected:
        there = set(_keys(stack))
        said = await connected.facts.read(*subjects.of_run(RUN))
        stack.start(BESIDE, spec(100_000, seed=2))
        beside = await _pace_until(connected, _newest(said) + 1)
        restored = time.monotonic() - began
        stack.cli("stop", BESIDE)
        ended = await end(connected.facts, RUN)
        used = await connected.facts.usage(RUN)
        await end(connected.facts, BESIDE)
        alone = await _pace_alone(stack, connected, paced)
    assert isinstance(ended, RunCompleted), ended
    assert ended.policy.policy.sha256 == await undisturbed(wanted)
    kept = [key for key in _keys(stack) if keys.place(key).kind == "learner"]
    # What was made on the way is gone again; of a store that was rolled back a version may stay.
    assert len(kept) <= KEPT + 1 + bool(back), kept
    return Told(
        versions=_newest(said),
        objects=len(_lost(said, wanted, there)),
        trained=_seconds(said, back),
        restored=restored,
        messages=sum(usage.heard == tag(RestoreObject) for usage in used),
        retries=sum(usage.retried for usage in used),
        alone=alone,
        beside=beside,
    )


async def _pace_alone(stack: Stack, connected: Connected, versions: int) -> float:
    """Versions a second of a run alone, the functions being warm."""
    stack.start(ALONE, spec(WARM + versions, seed=3))
    await _reaches(connected, ALONE, WARM)
    began = time.monotonic()
    await _reaches(connected, ALONE, WARM + versions)
    pace = versions / (time.monotonic() - began)
    await end(connected.facts, ALONE)
    return pace


async def _pace_until(connected: Connected, version: int) -> float:
    """Versions a second of the run beside, once its functions are warm, until the other goes on."""
    await _reaches(connected, BESIDE, WARM)
    began, first = time.monotonic(), await _versions(connected, BESIDE)
    await _reaches(connected, RUN, version)
    return (await _versions(connected, BESIDE) - first) / (time.monotonic() - began)


async def _reaches(connected: Connected, run: str, version: int) -> None:
    """Return when a version is committed.

    Raises:
        AssertionError: the run fails, or takes longer than anything here should.
    """
    until = time.monotonic() + MOST_SECONDS
    while await _versions(connected, run) <= version:
        failed = await connected.facts.read(subjects.below(RunFailed, run))
        assert not failed, failed
        assert time.monotonic() < until, f"{run} does not come to version {version}"
        await asyncio.sleep(0.05)


async def _versions(connected: Connected, run: str) -> int:
    return await connected.facts.count(subjects.below(PolicyUpdated, run))


def _newest(said: Sequence[Recorded]) -> int:
    return max(fold(said).policies)


def _seconds(said: Sequence[Recorded], back: int | None) -> float:
    """How long the training took that was lost."""
    at = {r.fact.policy.version: r.at for r in said if isinstance(r.fact, PolicyUpdated)}
    newest = max(at)
    return at[newest] - (at[newest - back] if back else said[0].at)


def _lost(said: Sequence[Recorded], wanted: dict[str, Any], there: set[str]) -> dict[str, Lost]:
    """What has to be made for the newest version, and for who learns from it."""
    history = fold(said)
    newest = history.policies[max(history.policies)].policy
    goals = [newest.policy, newest.learner]
    return Lineage(history, parse(wanted)).missing(goals, there)


def _keys(stack: Stack) -> list[str]:
    found = stack.s3().list_objects(BUCKET, prefix=keys.of_run(RUN), recursive=True)
    return [item.object_name for item in found]


def main() -> None:
    """One stack for each number of versions."""
    os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, nargs="+", default=[36])
    parser.add_argument("--back", type=int, help="versions; without it all is lost")
    parser.add_argument("--count", type=int, default=1, help="rollouts a version")
    parser.add_argument("--lag", type=int, default=0, help="rollout.max_policy_lag")
    told = parser.parse_args()
    print(HEAD, flush=True)
    for versions in told.versions:
        with tempfile.TemporaryDirectory(prefix="ftg-store-") as name:
            stack = Stack(Path(name) / "home")
            try:
                stack.up()
                rollout = {"count": told.count, "max_policy_lag": told.lag}
                print(asyncio.run(endure(stack, versions, told.back, **rollout)), flush=True)
            finally:
                stack.down()


if __name__ == "__main__":
    main()
