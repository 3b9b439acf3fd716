"""A learner fills its window from the store once: it reads each object that it lacks once."""

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.adapters.s3.cache import CachedObjects
from faastraingym.adapters.stage.replayed import fill
from faastraingym.algorithms.replay.ring import Ring
from faastraingym.algorithms.replay.window import draw, window
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Rewards, Statistics, Trajectory, dump
from faastraingym.schemas.references import ObjectRef
from tests.events import facts
from tests.fakes import InMemoryFactLog, InMemoryObjectStore


class Counting(InMemoryObjectStore):
    """It counts what is read of it."""

    reads = 0

    async def get(self, ref: ObjectRef) -> bytes:
        self.reads += 1
        return await super().get(ref)


def trajectory(version: int, slot: int, steps: int = 4) -> Trajectory:
    flags = np.zeros((steps, 2), np.bool_)
    return Trajectory(
        version=version,
        index=slot,
        observations=np.zeros((steps + 1, 2, 4), np.float32),
        actions=np.zeros((steps, 2), np.int32),
        extras={"log_probs": np.zeros((steps, 2), np.float32)},
        rewards=100 * version + 10 * slot + np.arange(2 * steps, dtype="f4").reshape(steps, 2),
        terminated=flags,
        truncated=flags,
        valid=~flags,
        episode_returns=np.zeros(0),
        episode_lengths=np.zeros(0, np.int32),
        statistics=Statistics(count=0.0, mean=np.zeros(4), m2=np.zeros(4)),
    )


SPEC = facts.specification(
    environment={"id": "CartPole-v1", "num_envs": 2},
    rollout={"count": 2, "num_steps": 4},
    algorithm={"name": "ppo", "num_minibatches": 1},
)
VERSIONS = VersionRange(first=2, last=5)
WINDOW = window(SPEC, VERSIONS)


async def stored(
    versions: range, steps: int = 4, rewards: bool = False
) -> tuple[InMemoryFactLog, Counting]:
    """A run's log and store after these versions."""
    log, store = InMemoryFactLog(), Counting()
    for version in versions:
        batch, given = [], None
        for ref in facts.ready(version).batch:
            key = keys.trajectory(facts.RUN, version, ref.index)
            placed = await store.put(key, dump(trajectory(version, ref.index, steps)))
            batch.append(replace(ref, object=placed))
        if rewards:
            halved = [trajectory(version, slot).rewards / 2 for slot in range(2)]
            transformed = Rewards(version=version, rewards=halved, state={})
            given = await store.put(keys.rewards(facts.RUN, version), dump(transformed))
        await log.publish_once(replace(facts.ready(version), batch=batch, rewards=given))
    return log, store


def expected(drawn: np.ndarray) -> np.ndarray:
    numbers, within = np.divmod(drawn, 8)
    return 100 * (numbers // 2 + 2) + 10 * (numbers % 2) + within


@pytest.mark.parametrize("capacity", [1000, 1 << 20])
async def test_a_cold_learner_fetches_its_window_and_each_object_once(capacity: int) -> None:
    """However small the cache of objects is; the next update reads one version more."""
    log, store = await stored(range(7))
    services = Services(log, CachedObjects(store, capacity), store)
    ring = Ring(4)
    await fill(SPEC, facts.RUN, VERSIONS, ring, services)
    drawn = draw(WINDOW, SPEC.seed, 5, 4, 16)
    assert np.array_equal(ring.gather(WINDOW, drawn, 1, 1.0)["returns"], expected(drawn))
    assert store.reads == 8
    await fill(SPEC, facts.RUN, VERSIONS, ring, services)
    assert store.reads == 8
    await fill(SPEC, facts.RUN, VersionRange(first=3, last=6), ring, services)
    assert store.reads == 10


async def test_transformed_rewards_are_replayed() -> None:
    log, store = await stored(range(6), rewards=True)
    ring = Ring(4)
    await fill(SPEC, facts.RUN, VERSIONS, ring, Services(log, store, store))
    drawn = np.arange(WINDOW.transitions)[None]
    assert np.array_equal(ring.gather(WINDOW, drawn, 1, 1.0)["returns"], expected(drawn) / 2)


async def test_what_the_log_does_not_name_yet_is_asked_for_again() -> None:
    log, store = await stored(range(5))
    with pytest.raises(Unavailable, match="names no trajectories of version 5"):
        await fill(SPEC, facts.RUN, VERSIONS, Ring(4), Services(log, store, store))


async def test_a_trajectory_that_does_not_fit_the_run_is_refused() -> None:
    log, store = await stored(range(6), steps=3)
    with pytest.raises(PayloadError, match="found 3 steps of 2 environments"):
        await fill(SPEC, facts.RUN, VERSIONS, Ring(4), Services(log, store, store))
