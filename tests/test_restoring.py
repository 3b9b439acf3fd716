"""A store that loses objects in mid-run, in process: as tests/test_loop.py, with what stages do.

a stage misses an object -> it asks at the frontier, and its message waits
restore-object -> the object is there again -> restore-object for what that makes possible, ...
the version that was wanted is there -> the message that waited goes on
"""

import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable

import pytest

from faastraingym.adapters.stage.restoring import Restorer
from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.lineage import Lineage, inputs
from faastraingym.events.ports import LostObject, Services
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    Message,
    RestoreObject,
    RunCompleted,
    RunRequested,
    decode,
    encode,
)
from faastraingym.schemas.references import ObjectRef
from tests.fakes import InMemoryObjectStore
from tests.test_loop import SPEC, Platform, handler, train

RUN = "demo"
MOST_RETRIES = 20
UNDISTURBED: dict[str, str] = {}  # by specification


class Repairs(Platform):
    """Whoever lacks an object waits until nothing else moves; the queue drops repetitions."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[RestoreObject] = []
        self.retries = 0
        self._restorers: dict[str, Restorer] = defaultdict(Restorer)  # by function
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._heard: set[bytes] = set()

    async def publish(self, message: Message | Invocation) -> None:
        if isinstance(message, Invocation) and isinstance(message.message, RestoreObject):
            body = encode(message.message)
            if body in self._heard:
                return
            self._heard.add(body)
            self.asked.append(message.message)
        await super().publish(message)

    async def run(self) -> None:
        await super().run()
        while self._waiting:
            self.retries += 1
            assert self.retries < MOST_RETRIES, [decode(body) for _, body in self._waiting]
            self.queue.append(self._waiting.popleft())
            await super().run()

    async def answers(self, function: str, body: bytes) -> Iterable[Message | Invocation]:
        received, restorer = decode(body), self._restorers[function]
        if isinstance(received, RestoreObject):
            _, commands = await restorer.restore(received, False, handler(function), self.services)
            return commands
        try:
            return await super().answers(function, body)
        except LostObject as lost:
            self._waiting.append((function, body))
            asked = await restorer.wanted(received, lost, await self.told(), self.services)
            return asked.commands

    async def told(self) -> History:
        return fold(await self.facts.read(*subjects.of_run(RUN)))


def spec(versions: int, **tables: object) -> dict:
    """A run of some versions whose rollouts have 16 steps."""
    found = {**SPEC, "evaluation": {"every": 100, "episodes": 1}, **tables}
    rollout = {"count": 1, "num_steps": 16, **found.get("rollout", {})}
    budget = versions * rollout["count"] * 16 * SPEC["environment"]["num_envs"] - 100
    return {**found, "rollout": rollout, "stop": {"env_steps": budget}}


async def interrupted(platform: Repairs, wanted: dict, version: int) -> None:
    """Train until a version is made, and leave what it promises in the queue."""
    await platform.publish(RunRequested(run=RUN, spec=wanted))
    while max((await platform.told()).policies, default=-1) < version:
        await platform.deliver(*platform.queue.popleft())


async def ended(platform: Repairs) -> str:
    """The SHA-256 of the policy with which the run ends."""
    await platform.run()
    end = (await platform.told()).end
    assert isinstance(end, RunCompleted), end
    return end.policy.policy.sha256


async def undisturbed(wanted: dict) -> str:
    """Several tests ask for the same run: it is trained once."""
    name = json.dumps(wanted, sort_keys=True)
    if name not in UNDISTURBED:
        platform = Repairs()
        await train(platform, wanted)
        UNDISTURBED[name] = await ended(platform)
    return UNDISTURBED[name]


NORMALISED = [{"kind": "normalize"}]
RUNS = [
    spec(40),
    spec(12, rollout={"count": 3}),
    spec(12, rollout={"count": 3, "threshold": 2}),
    spec(12, rollout={"count": 2, "max_policy_lag": 1}),
    spec(12, rollout={"count": 2}, reward=NORMALISED),
    spec(12, rollout={"count": 2, "max_policy_lag": 1}, reward=NORMALISED),
    spec(12, rollout={"count": 2, "max_policy_lag": 3}, reward=NORMALISED),
]


def work(history: History, wanted: dict, there: Iterable[str] = ()) -> set[str]:
    """What has to be made for the newest version and who learns from it, a learner's policy aside.

    Only what is missing above what is `there`.
    """
    made, newest = Lineage(history, parse(wanted)), max(history.policies)
    goals = made.goals(
        RestoreObject(
            run=RUN, object=history.started.manifest, origin=history.started, towards=newest
        )
    )
    return {key for key in made.missing(goals, {*there}) if keys.place(key).kind != "policies"}


@pytest.mark.parametrize("wanted", RUNS)
async def test_whatever_is_lost_each_piece_of_work_is_asked_for_once(wanted: dict) -> None:
    """Walked down once, built upwards: no more messages than objects, and nobody asks twice."""
    platform = Repairs()
    await interrupted(platform, wanted, 30 if wanted is RUNS[0] else 8)
    platform.objects.data.clear()
    needed = work(await platform.told(), wanted)
    assert await ended(platform) == await undisturbed(wanted)
    made = Counter(asked.object.key for asked in platform.asked)
    assert made.keys() == needed
    assert max(made.values()) == 1
    assert platform.retries <= 4  # of those who were waiting, at different heights


async def test_what_is_there_is_not_made_again() -> None:
    """A store that was rolled back: the chain is walked down to its newest version."""
    platform, wanted = Repairs(), spec(20)
    await interrupted(platform, wanted, 10)
    copy = dict(platform.objects.data)
    while max((await platform.told()).policies) < 16:
        await platform.deliver(*platform.queue.popleft())
    platform.objects.data = copy
    needed = work(await platform.told(), wanted, there=copy)
    assert await ended(platform) == await undisturbed(wanted)
    assert {asked.object.key for asked in platform.asked} == needed
    assert all(keys.place(key).version >= 10 for key in needed)


async def test_what_was_made_on_the_way_is_removed_by_the_rule_of_the_run() -> None:
    """So a long chain needs no more room than training it did."""
    most = 0

    class Measured(InMemoryObjectStore):
        async def replace(self, key: str, data: bytes) -> ObjectRef:
            nonlocal most
            ref = await super().replace(key, data)
            most = max(most, sum(keys.place(k).kind == "learner" for k in self.data))
            return ref

    platform, wanted = Repairs(), spec(20, retention={"versions": 2})
    await interrupted(platform, wanted, 15)
    platform.objects = Measured()
    platform.services = Services(platform.facts, platform.objects, platform.objects)
    assert await ended(platform) == await undisturbed(wanted)
    assert most == 3  # two, and the one that is made
    assert max(Counter(asked.object.key for asked in platform.asked).values()) == 1
    last = max((await platform.told()).policies)
    learners = [key for key in platform.objects.data if keys.place(key).kind == "learner"]
    assert sorted(learners) == sorted(keys.learner(RUN, last - back) for back in (0, 1, 2))


def altered(data: dict[str, bytes], key: str) -> None:
    data[key] = b"another"


def deleted(data: dict[str, bytes], key: str) -> None:
    del data[key]


Lose = Callable[[dict[str, bytes], str], None]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ways", [[altered], [altered, deleted]], ids=["altered", "either"])
async def test_what_is_listed_and_altered_counts_as_missing(seed: int, ways: list[Lose]) -> None:
    """Its reader finds it so; from then on what is listed is read before it is built upon."""
    chance, platform = random.Random(seed), Repairs()
    wanted = spec(12, rollout={"count": 2}, reward=NORMALISED)
    await interrupted(platform, wanted, 8)
    victims = [key for key in platform.objects.data if seed == 0 or chance.random() < 0.4]
    for key in victims:
        chance.choice(ways)(platform.objects.data, key)
    assert await ended(platform) == await undisturbed(wanted)
    assert len(platform.asked) <= 2 * len(victims)


class Watched(InMemoryObjectStore):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_keys: set[str] = set()

    async def get(self, ref: ObjectRef) -> bytes:
        self.read_keys.add(ref.key)
        return await super().get(ref)


class Declared(Platform):
    """Compares what a stage read for each message with what is declared of it."""

    def __init__(self) -> None:
        super().__init__()
        self.objects = Watched()
        self.services = Services(self.facts, self.objects, self.objects)
        self.seen: set[type[Message]] = set()

    async def answers(self, function: str, body: bytes) -> Iterable[Message | Invocation]:
        self.objects.read_keys.clear()
        history = fold(await self.facts.read(*subjects.of_run(RUN)))
        answers = await super().answers(function, body)
        declared = {ref.key for ref in inputs(decode(body), history)}
        made = {key for key in self.objects.read_keys if key not in declared}
        kinds = {keys.place(key).kind for key in made}
        # A rollout reads what it has written, to know whether to keep its environments.
        assert kinds <= ({"trajectories"} if function == "rollout" else {"manifest"}), made
        self.seen.add(type(decode(body)))
        return answers


async def test_what_is_declared_to_be_read_is_all_that_stages_read() -> None:
    """An input that the planner did not know of would not be made before it is needed."""
    platform = Declared()
    await train(platform, spec(4, rollout={"count": 2}, reward=NORMALISED))
    assert len(platform.seen) >= 8
