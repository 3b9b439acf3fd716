"""A replica that is warm collects the same bytes as one that knows nothing."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.adapters.errors import ObjectMissing
from faastraingym.adapters.stage import manifests
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.algorithms.actors.initial_state import beginning
from faastraingym.algorithms.actors.step_loop import Start
from faastraingym.algorithms.ppo import learner
from faastraingym.algorithms.registry import parse
from faastraingym.events.ports import Services
from faastraingym.functions.rollout import handler
from faastraingym.functions.rollout.warm_environments import CAPACITY, WarmEnvironments, peak_mb
from faastraingym.schemas import keys
from faastraingym.schemas.messages import CollectRollout, RolloutCompleted
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec
from tests.fakes import InMemoryFactLog, InMemoryObjectStore
from tests.remembering import COUNTING, SCALED, SEEN

# the vector entry point, snapshots of single environments, and replay
KINDS = ["CartPole-v1", "Pendulum-v1", "FrozenLake-v1"]


def spec_of(env_id: str, horizon: str = "steps", seed: int = 3, memory: str = "none") -> RunSpec:
    environment = {"id": env_id, "num_envs": 3, "kwargs": {"max_episode_steps": 9}}
    environment["memory"] = memory
    return parse(
        {
            "seed": seed,
            "environment": environment,
            "rollout": {"num_steps": 14, "horizon": horizon},
            "algorithm": {"name": "ppo", "hidden_sizes": [4], "num_minibatches": 1},
            "stop": {"env_steps": 1000},
        }
    )


class Slot:
    """One slot's rollouts, one after the other, under one policy."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.objects = InMemoryObjectStore()
        self.services = Services(InMemoryFactLog(), self.objects, self.objects)
        self.previous: TrajectoryRef | None = None

    async def roll(self, version: int) -> bytes:
        """The next trajectory's bytes."""
        manifest = await self.objects.put("manifest", manifests.dump("demo", self.spec))
        policy = replace(learner.project(learner.initialise(self.spec)), version=version)
        stored = await self.objects.put(f"policy/{version}", dump(policy))
        command = CollectRollout(
            run="demo",
            manifest=manifest,
            policy=PolicyRef(version=version, policy=stored, learner=stored, env_steps=0),
            index=0,
            previous=self.previous,
        )
        (said,) = await handler.handle.handler(command, self.services)
        assert isinstance(said, RolloutCompleted)
        self.previous = said.trajectory
        return await self.objects.get(said.trajectory.object)


@pytest.fixture(autouse=True)
def replica() -> Iterator[None]:
    """A handler that has served nothing yet."""
    before, handler.WARM = handler.WARM, WarmEnvironments(memory_mb=1 << 20)
    yield
    handler.WARM = before


@pytest.mark.parametrize("horizon", ["steps", "episodes"])
@pytest.mark.parametrize(
    ("env_id", "memory"),
    [
        *((env_id, "none") for env_id in KINDS),
        (SCALED, "forget"),
        (SEEN, "forget"),
        (COUNTING, "forget"),
        (COUNTING, "carry"),
    ],
)
async def test_environments_that_were_kept_give_the_bytes_of_restored_ones(
    env_id: str, memory: str, horizon: str
) -> None:
    """Four rollouts on one replica, and each on a replica of its own."""
    warm, cold = (Slot(spec_of(env_id, horizon, memory=memory)) for _ in range(2))
    expected = [await warm.roll(version) for version in range(4)]
    found = []
    for version in range(4):
        handler.WARM = WarmEnvironments(memory_mb=1 << 20)
        found.append(await cold.roll(version))
    assert found == expected


async def test_what_was_kept_is_gone_on_from() -> None:
    """Nothing is restored from the second rollout on: the trajectory before is not even read."""
    slot = Slot(spec_of("FrozenLake-v1"))
    for version in range(3):
        await slot.roll(version)
    assert slot.previous is not None
    del slot.objects.data[slot.previous.object.key]
    assert await slot.roll(3)


async def test_a_first_rollout_is_restored_once() -> None:
    """So an environment that its seed does not determine is found out on a warm replica, too."""
    slot = Slot(spec_of("FrozenLake-v1"))
    await slot.roll(0)
    assert slot.previous is not None
    del slot.objects.data[slot.previous.object.key]
    with pytest.raises(ObjectMissing):
        await slot.roll(1)


async def test_what_is_declared_is_kept_from_the_first_rollout_on() -> None:
    """There is nothing to be found out, and its memory is worth keeping."""
    slot = Slot(spec_of(COUNTING, memory="declared"))
    await slot.roll(0)
    second = load(await slot.roll(1), Trajectory)
    assert second.rewards[:, 0].max() == 3.0  # 28 steps and resets: into the third episode
    handler.WARM = WarmEnvironments(
        memory_mb=1 << 20
    )  # the replica is lost, and what it remembered
    assert load(await slot.roll(2), Trajectory).rewards[0, 0] == 1.0


async def test_a_second_delivery_does_not_go_on_from_where_the_first_one_went() -> None:
    """The first one used the environments up."""
    slot = Slot(spec_of("CartPole-v1"))
    for version in range(2):
        await slot.roll(version)
    before = slot.previous
    first = await slot.roll(2)
    slot.previous = before
    assert await slot.roll(2) == first


async def test_whole_episodes_begin_anew() -> None:
    """There is nothing to go on from."""
    warm, cold = (Slot(spec_of("CartPole-v1", "episodes")) for _ in range(2))
    for version in range(3):
        expected = await warm.roll(version)
        handler.WARM, kept = WarmEnvironments(memory_mb=1 << 20), handler.WARM
        assert await cold.roll(version) == expected
        handler.WARM = kept


async def test_the_environments_of_another_trajectory_are_not_kept() -> None:
    """Somebody stored another one first: what follows goes on from that."""
    slot = Slot(spec_of("CartPole-v1"))
    for version in range(2):
        await slot.roll(version)
    key = keys.trajectory("demo", 2, 0)
    other = Slot(spec_of("CartPole-v1", seed=4))
    slot.objects.data[key] = await other.roll(0)
    await slot.roll(2)
    following = await slot.roll(3)
    handler.WARM = WarmEnvironments(memory_mb=1 << 20)
    slot.previous = TrajectoryRef(version=2, index=0, object=slot.objects._ref(key))
    del slot.objects.data[keys.trajectory("demo", 3, 0)]
    assert await slot.roll(3) == following


def ref(name: str) -> ObjectRef:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ObjectRef(bucket="b", key=name, size=1, sha256=digest)


def start() -> Start:
    return beginning(spec_of("CartPole-v1"), 0, 0, None)


def test_the_longest_unused_slot_is_dropped() -> None:
    kept = WarmEnvironments(memory_mb=1 << 20)
    for i in range(CAPACITY + 1):
        kept.keep(ref("manifest"), ref(str(i)), start())
    assert kept.take(ref("manifest"), ref("0")) is None
    assert kept.take(ref("manifest"), ref("1")) is not None
    assert kept.take(ref("manifest"), ref("1")) is None
    assert kept.take(ref("another run"), ref("2")) is None


def test_nothing_is_kept_beyond_half_of_the_memory() -> None:
    used = [100.0]
    kept = WarmEnvironments(memory_mb=512, used_mb=lambda: used[0])
    kept.keep(ref("manifest"), ref("small"), start())
    used[0] = 300.0
    kept.keep(ref("manifest"), ref("large"), start())
    assert kept.take(ref("manifest"), ref("small")) is None
    assert kept.take(ref("manifest"), ref("large")) is None


def test_the_peak_is_of_this_process() -> None:
    """More than an interpreter with NumPy takes, less than a machine has."""
    block = np.ones(1 << 24)
    assert block.nbytes / 1e6 < peak_mb() < 1e6
