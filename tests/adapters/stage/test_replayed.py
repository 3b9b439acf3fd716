"""What a sample touches is fetched, each object once, and the cache stays within its bounds."""

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.adapters.s3.cache import CachedObjects
from faastraingym.adapters.stage.replayed import fetch
from faastraingym.algorithms.replay.window import Place, draw, gather, places, window
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Statistics, Trajectory, dump
from faastraingym.schemas.references import ObjectRef
from tests.events import facts
from tests.fakes import InMemoryFactLog, InMemoryObjectStore


class Counting(InMemoryObjectStore):
    """It counts what is read of it."""

    reads = 0

    async def get(self, ref: ObjectRef) -> bytes:
        self.reads += 1
        return await super().get(ref)


def trajectory(version: int, slot: int) -> Trajectory:
    flags, steps = np.zeros((4, 2), np.bool_), np.arange(8, dtype=np.float32).reshape(4, 2)
    return Trajectory(
        version=version,
        index=slot,
        observations=np.zeros((5, 2, 4), np.float32),
        actions=np.zeros((4, 2), np.int32),
        rewards=100 * version + 10 * slot + steps,
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
WINDOW = window(SPEC, VersionRange(first=2, last=5))


async def stored(versions: range) -> tuple[InMemoryFactLog, Counting]:
    """A run's log and store after these versions."""
    log, store = InMemoryFactLog(), Counting()
    for version in versions:
        batch = []
        for ref in facts.ready(version).batch:
            key = keys.trajectory(facts.RUN, version, ref.index)
            placed = await store.put(key, dump(trajectory(version, ref.index)))
            batch.append(replace(ref, object=placed))
        await log.publish_once(replace(facts.ready(version), batch=batch))
    return log, store


async def test_a_sample_is_fetched_and_each_object_once() -> None:
    """A second sample of the same window reads nothing again."""
    log, store = await stored(range(7))
    services = Services(log, CachedObjects(store), store)
    for version in (5, 6):
        drawn = draw(WINDOW, SPEC.seed, version, 4, 16)
        held = await fetch(SPEC, facts.RUN, places(WINDOW, drawn), services)
        found = gather(WINDOW, drawn, held)
        numbers, within = np.divmod(drawn, 8)
        expected = 100 * (numbers // 2 + 2) + 10 * (numbers % 2) + within
        assert np.array_equal(found["rewards"], expected)
        assert set(held) == {Place(v, s) for v in range(2, 6) for s in (0, 1)}
    assert store.reads == 8


async def test_a_small_cache_gives_the_same() -> None:
    log, store = await stored(range(6))
    drawn = draw(WINDOW, SPEC.seed, 5, 4, 16)
    caches = [CachedObjects(store), CachedObjects(store, capacity=1000)]
    samples = []
    for objects in caches:
        held = await fetch(SPEC, facts.RUN, places(WINDOW, drawn), Services(log, objects, store))
        samples.append(gather(WINDOW, drawn, held)["rewards"].tobytes())
    assert samples[0] == samples[1]


async def test_what_the_log_does_not_name_yet_is_asked_for_again() -> None:
    log, store = await stored(range(5))
    with pytest.raises(Unavailable, match=r"names no trajectory of Place\(version=5, slot=0\)"):
        await fetch(SPEC, facts.RUN, [Place(4, 1), Place(5, 0)], Services(log, store, store))
