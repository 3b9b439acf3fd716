"""The whole pipeline in process: start here.

Eight functions, no server; experiments have a ninth (tests/test_experiment.py). A platform of
thirty lines stands in for NATS, S3 and OpenFaaS: facts go to whoever hears their topic, commands to
the one function they are for. Who hears what is read from the same stack.yml that deploys the real
thing.

    run.requested -> start-run -> run.started -> update-policy -> policy.updated, collect-rollout x2
    collect-rollout -> rollout -> rollout.completed -> aggregate-rewards -> rewards.ready (once)
    rewards.ready -> plan-update -> update-policy -> policy.updated, collect-rollout x2, ...
    the budget is spent -> evaluate -> evaluation.completed -> conclude-run -> run.completed
    run.completed -> conclude-run -> report.written
"""

import asyncio
import importlib
import json
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.ports import Services
from faastraingym.events.topology import stack_file
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    COMMANDS,
    Message,
    RunRequested,
    StopRequested,
    WarmUp,
    decode,
    encode,
    tag,
)
from tests.fakes import InMemoryFactLog, InMemoryObjectStore

STACK = stack_file.functions(stack_file.load(Path(__file__).parent.parent / "stack.yml", {}))
SPEC = {
    "seed": 7,
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 2, "num_steps": 16},
    "algorithm": {
        "name": "ppo",
        "update_epochs": 2,
        "num_minibatches": 2,
        "hidden_sizes": [8],
    },
    "evaluation": {"every": 1, "episodes": 4},
    "stop": {"env_steps": 100},  # an iteration is 2 rollouts x 16 steps x 2 environments
}


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """Importing JAX and compiling the update take seconds, and happen once per process."""
    asyncio.run(train(Platform()))


class Platform:
    """Delivers every message to its functions, one at a time, until nobody has anything to say."""

    def __init__(self) -> None:
        self.facts = InMemoryFactLog()
        self.objects = InMemoryObjectStore()
        self.services = Services(self.facts, self.objects, self.objects)
        self.said: list[str] = []
        self.queue: deque[tuple[str, bytes]] = deque()

    async def publish(self, message: Message | Invocation) -> None:
        """A fact is stored once and delivered to its subscribers; a command has one function."""
        if isinstance(message, COMMANDS):
            message = invocation(message)
        if isinstance(message, Invocation):
            self.queue.append((message.function, encode(message.message)))
        elif await self.facts.publish_once(message):
            self.said.append(tag(message))
            self.queue.extend((name, encode(message)) for name in hearing(tag(message)))

    async def run(self) -> None:
        while self.queue:
            function, body = self.queue.popleft()
            await self.deliver(function, body)

    async def deliver(self, function: str, body: bytes) -> None:
        for message in await self.answers(function, body):
            await self.publish(message)

    async def answers(self, function: str, body: bytes) -> Sequence[Message | Invocation]:
        received = decode(body)
        if isinstance(received, WarmUp):  # it never gets beyond the wrapper
            return []
        return await handler(function)(received, self.services)


class TwiceAndBackwards(Platform):
    """The worst delivery that is still at-least-once: newest first, and everything twice."""

    async def run(self) -> None:
        while self.queue:
            function, body = self.queue.pop()
            await self.deliver(function, body)
            await self.deliver(function, body)


def hearing(topic: str) -> Iterable[str]:
    return (function.name for function in STACK if topic in function.topics)


def handler(function: str):
    return importlib.import_module(
        f"faastraingym.functions.{function.replace('-', '_')}.handler"
    ).handle.handler


async def train(platform: Platform, spec: dict = SPEC) -> Platform:
    await platform.publish(RunRequested(run="demo", spec=spec))
    await platform.run()
    return platform


async def test_two_iterations_end_to_end() -> None:
    """A request goes in; facts follow one another; a policy and its report lie in the store."""
    platform = await train(Platform())

    iteration = ["rollout.completed", "rollout.completed", "rewards.ready", "policy.updated"]
    assert platform.said[:3] == ["run.requested", "run.started", "policy.updated"]
    assert [said for said in platform.said if said in iteration] == [
        "policy.updated",
        *iteration,
        *iteration,
    ]
    assert platform.said.count("evaluation.completed") == 2
    assert platform.said[-2:] == ["run.completed", "report.written"]

    report = json.loads(platform.objects.data[keys.report("demo")])
    assert (report["status"], report["reason"], report["versions"]) == ("completed", "budget", 2)
    assert report["evaluation"]["episodes"] == 4
    assert keys.policy("demo", 2) == report["policy"]["key"]
    assert platform.objects.data[keys.learning_curve("demo")].startswith(b"\x89PNG")


async def test_a_run_whose_start_was_invoked_is_as_one_that_was_requested() -> None:
    """`POST /async-function/start-run` tells the log nothing: the function does."""
    platform = Platform()
    await platform.publish(Invocation("start-run", RunRequested(run="demo", spec=SPEC)))
    await platform.run()
    requested = await train(Platform())
    assert sorted(platform.said) == sorted(requested.said)
    assert (
        platform.objects.data[keys.policy("demo", 2)]
        == requested.objects.data[keys.policy("demo", 2)]
    )


async def test_the_policy_does_not_depend_on_delivery() -> None:
    """Every message twice and in the opposite order: the same bytes in every object."""
    calm, rough = await train(Platform()), await train(TwiceAndBackwards())
    stored = {
        key: data
        for key, data in calm.objects.data.items()
        if "report" not in key and "/log/" not in key
    }
    assert sorted(rough.said) == sorted(calm.said)
    assert {key: rough.objects.data[key] for key in stored} == stored


async def test_a_request_that_cannot_be_run_fails_with_the_words_of_the_cli() -> None:
    """The specification is refused in full sentences, and the run has a report that says so."""
    wrong = {**SPEC, "rollout": {"count": 2, "threshold": 3, "num_steps": 16}}
    platform = await train(Platform(), wrong)
    assert platform.said == ["run.requested", "run.failed", "report.written"]
    report = json.loads(platform.objects.data[keys.report("demo")])
    assert report["status"] == "failed"
    assert report["reason"].startswith("spec.rollout.threshold: found 3; allowed: 1 to 2")


async def test_a_stop_request_ends_the_run_with_the_policy_it_has() -> None:
    """Nothing is interrupted: whoever plans next sees the request and plans nothing."""
    platform = Platform()
    await platform.publish(RunRequested(run="demo", spec=SPEC))
    while "policy.updated" not in platform.said:
        await platform.deliver(*platform.queue.popleft())
    await platform.publish(StopRequested(run="demo"))
    await platform.run()
    report = json.loads(platform.objects.data[keys.report("demo")])
    assert (report["status"], report["reason"], report["versions"]) == ("completed", "stopped", 0)


@pytest.mark.parametrize("function", [function.name for function in STACK])
def test_every_function_of_the_stack_has_a_stage(function: str) -> None:
    """stack.yml names nothing that is not there."""
    assert callable(handler(function))
