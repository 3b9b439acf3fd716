"""A learner's copy of its window of trajectories, filled from the store."""

import asyncio
from collections.abc import Iterator, Sequence

from faastraingym.adapters.stage.payloads import load
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.replay.ring import Ring
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas.messages import RewardsReady, VersionRange
from faastraingym.schemas.payloads import Rewards, Trajectory
from faastraingym.schemas.specification import RunSpec

ASKED_AT_ONCE = 256  # versions; the log gives at most 1,024 facts in one answer


async def fill(
    spec: RunSpec, run: str, versions: VersionRange, ring: Ring, services: Services
) -> None:
    """Write the versions that the ring lacks into it, their objects all fetched at once.

    A warm learner lacks none, so an update costs the same however long the run is.

    Unavailable: the log does not name one of them yet. PayloadError: one does not fit the run.
    """
    for asked in _chunks(ring.missing(versions)):
        facts = await services.facts.read(*(subjects.of_kind(RewardsReady, run, v) for v in asked))
        ready = {r.fact.version: r.fact for r in facts if isinstance(r.fact, RewardsReady)}
        if unnamed := [version for version in asked if version not in ready]:
            raise Unavailable(f"the log of run {run} names no trajectories of version {unnamed[0]}")
        await asyncio.gather(*(_write(spec, ready[v], ring, services) for v in asked))


async def _write(spec: RunSpec, ready: RewardsReady, ring: Ring, services: Services) -> None:
    """Each object is decoded as soon as it comes, so that few are held as bytes."""

    async def trajectory(number: int) -> Trajectory:
        return load(await services.objects.get(ready.batch[number].object), Trajectory)

    batch = await asyncio.gather(*map(trajectory, range(len(ready.batch))))
    rewards = None
    if ready.rewards is not None:
        rewards = load(await services.objects.get(ready.rewards), Rewards).rewards
    shape_checks.batch(spec, batch, rewards)
    ring.write(ready.version, batch, rewards)


def _chunks(versions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(versions), ASKED_AT_ONCE):
        yield versions[start : start + ASKED_AT_ONCE]
