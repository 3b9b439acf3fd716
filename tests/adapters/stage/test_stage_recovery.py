"""A stage that misses an object, the stage that makes it again, and work that was done before."""

import pytest
from msgspec.structs import replace

from faastraingym.adapters.stage import manifests
from faastraingym.adapters.stage.stage import Outgoing, Stage
from faastraingym.algorithms.registry import parse
from faastraingym.events.ports import Services
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    CollectRollout,
    EpisodeSummary,
    PolicyUpdated,
    ReportWritten,
    RestoreObject,
    RewardsReady,
    RolloutCompleted,
    RunRequested,
    RunStarted,
    encode,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import to_dict
from tests.adapters.stage.test_stage import connected, signed

RUN = "demo"
SPEC = parse(
    {
        "environment": {"id": "CartPole-v1"},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 100_000},
        "rollout": {"count": 2},
    }
)
MADE = b"what the handler makes"


async def prepared(stage: Stage, policy: ObjectRef) -> CollectRollout:
    """A run with version 0 in the stage's log, and the command for its first slot."""
    facts, objects, _ = stage._connections.services
    manifest = await objects.put(keys.manifest(RUN), manifests.dump(RUN, SPEC))
    ref = PolicyRef(version=0, policy=policy, learner=policy, env_steps=0)
    await facts.publish_once(RunRequested(run=RUN, spec=to_dict(SPEC)))
    await facts.publish_once(RunStarted(run=RUN, manifest=manifest))
    updated = PolicyUpdated(run=RUN, manifest=manifest, policy=ref, rollouts=2, evaluate=False)
    await facts.publish_once(updated)
    return CollectRollout(run=RUN, manifest=manifest, policy=ref, index=0)


def reading() -> Stage:
    """A stage that reads the policy of its command."""

    async def handler(command: CollectRollout, services: Services) -> Outgoing:
        await services.objects.get(command.policy.policy)
        return []

    return connected(Stage((CollectRollout,), handler))


def making(key: str, data: bytes = MADE) -> Stage:
    """A stage that writes an object and says what it heard."""

    async def handler(command: CollectRollout, services: Services) -> Outgoing:
        ref = await services.objects.put(key, data)
        return [_collected(command, ref)]

    return connected(Stage((CollectRollout,), handler))


def _collected(command: CollectRollout, ref: ObjectRef) -> RolloutCompleted:
    return RolloutCompleted(
        run=RUN,
        manifest=command.manifest,
        policy=command.policy,
        trajectory=TrajectoryRef(version=0, index=0, object=ref),
        env_steps=1,
        episodes=EpisodeSummary(),
    )


async def ref_of(stage: Stage, key: str, data: bytes = MADE) -> ObjectRef:
    """The reference of an object as it was."""
    objects = stage._connections.services.objects
    ref = await objects.put(key, data)
    del objects.data[key]
    return ref


async def test_a_lost_object_is_asked_of_its_maker_and_the_work_waits() -> None:
    """503, so that it is delivered again; the maker gets the message from which it made it."""
    stage = reading()
    lost = await ref_of(stage, keys.policy(RUN, 0))
    body = encode(await prepared(stage, lost))
    status, headers, text = await stage(body, signed(body))
    assert (status, headers["retry-after"]) == (503, "1")
    assert text.decode().endswith("is not in the store; update-policy makes it again")
    (asked,) = stage._connections.commands.invoked
    assert asked.function == "update-policy"
    assert isinstance(asked.message, RestoreObject)
    assert asked.message.object == lost
    assert isinstance(asked.message.origin, RunStarted)


async def test_who_waits_for_a_long_chain_comes_back_later() -> None:
    """A fiftieth of a second for each object that is missing: it asks O(log n) times."""
    stage = reading()
    lost = await ref_of(stage, keys.policy(RUN, 100))
    command = await prepared(stage, await ref_of(stage, keys.policy(RUN, 0)))
    facts = stage._connections.services.facts
    for version in range(100):
        ref = TrajectoryRef(
            version=version, index=0, object=_lost(keys.trajectory(RUN, version, 0))
        )
        before = PolicyRef(
            version=version,
            policy=_lost(keys.policy(RUN, version)),
            learner=_lost(keys.learner(RUN, version)),
            env_steps=version,
        )
        ready = RewardsReady(
            run=RUN,
            manifest=command.manifest,
            policy=before,
            batch=[ref],
            env_steps=1,
            episodes=EpisodeSummary(),
        )
        await facts.publish_once(ready)
        await facts.publish_once(_updated(command, before))
    newest = PolicyRef(
        version=100, policy=lost, learner=_lost(keys.learner(RUN, 100)), env_steps=100
    )
    await facts.publish_once(_updated(command, newest))
    body = encode(replace(command, policy=newest))
    status, headers, text = await stage(body, signed(body))
    # Policy 100; of each version before a policy, a learner state and a trajectory.
    assert (status, headers["retry-after"]) == (503, "7")
    assert text.decode().endswith("update-policy makes it and 300 more objects again")
    (asked,) = stage._connections.commands.invoked
    assert isinstance(asked.message, RestoreObject)
    assert (asked.message.object.key, asked.message.towards) == (keys.learner(RUN, 0), 100)


def _lost(key: str) -> ObjectRef:
    return ObjectRef(bucket="test", key=key, size=1, sha256="a" * 64)


def _updated(command: CollectRollout, policy: PolicyRef) -> PolicyUpdated:
    return PolicyUpdated(
        run=RUN, manifest=command.manifest, policy=policy, rollouts=1, evaluate=False
    )


async def test_without_its_manifest_a_stage_asks_for_that_first() -> None:
    stage = reading()
    lost = await ref_of(stage, keys.policy(RUN, 0))
    body = encode(await prepared(stage, lost))
    del stage._connections.services.objects.data[keys.manifest(RUN)]
    assert (await stage(body, signed(body)))[0] == 503
    (asked,) = stage._connections.commands.invoked
    assert asked.function == "start-run"


@pytest.mark.parametrize(("key", "answered"), [("policies/9.msgpack", 503), ("odd/9", 422)])
async def test_a_lost_object_of_which_the_log_says_nothing(key: str, answered: int) -> None:
    """What the log lost with its end is waited for; what it never said fails the run."""
    stage = reading()
    lost = await ref_of(stage, f"runs/demo/{key}")
    body = encode(await prepared(stage, lost))
    status, _, text = await stage(body, signed(body))
    assert (status, f"{key} is lost".encode() in text) == (answered, True)


async def test_a_rollout_that_comes_too_late_is_not_worth_restoring() -> None:
    """The version's batch is complete, and its policy was pruned: done."""
    stage = reading()
    lost = await ref_of(stage, keys.policy(RUN, 0))
    command = await prepared(stage, lost)
    ready = RewardsReady(
        run=RUN,
        manifest=command.manifest,
        policy=command.policy,
        batch=[],
        env_steps=1,
        episodes=EpisodeSummary(),
    )
    await stage._connections.services.facts.publish_once(ready)
    body = encode(command)
    assert (await stage(body, signed(body)))[0] == 200
    assert stage._connections.commands.invoked == []


@pytest.mark.parametrize("there", [None, b"one byte is another here"])
async def test_a_restored_object_is_what_it_was_whatever_lies_there(there: bytes | None) -> None:
    """And nothing is said: it has been."""
    key = keys.trajectory(RUN, 0, 0)
    stage = making(key)
    ref = await ref_of(stage, key)
    origin = await prepared(stage, ref)
    facts, objects, _ = stage._connections.services
    said = len(facts.log)
    if there:
        objects.data[key] = there
    body = encode(RestoreObject(run=RUN, object=ref, origin=origin))
    assert (await stage(body, signed(body)))[0] == 200
    assert await objects.get(ref) == MADE
    assert len(facts.log) == said


async def test_an_object_that_is_there_again_is_not_made_once_more() -> None:
    """Who waits for it asks every few seconds, and making it may take longer."""
    key = keys.trajectory(RUN, 0, 0)
    stage = making(key, b"never written")
    origin = await prepared(stage, await ref_of(stage, key))
    ref = await stage._connections.services.objects.put(key, MADE)
    body = encode(RestoreObject(run=RUN, object=ref, origin=origin, towards=0))
    assert (await stage(body, signed(body)))[::2] == (200, f"{key} is there".encode())
    assert stage._connections.commands.invoked == []


async def test_who_died_before_he_asked_for_the_next_is_followed_by_who_has_his_message() -> None:
    """The object is there, and what it makes possible was not asked for."""
    key = keys.trajectory(RUN, 0, 0)
    stage = making(key, b"never written")
    objects = stage._connections.services.objects
    policy = await objects.put(keys.policy(RUN, 0), b"a policy")
    origin = await prepared(stage, policy)
    there = await objects.put(key, MADE)
    other = _collected(origin, _lost(keys.trajectory(RUN, 0, 1)))
    other = replace(other, trajectory=replace(other.trajectory, index=1))
    await stage._connections.services.facts.publish_once(other)
    body = encode(RestoreObject(run=RUN, object=there, origin=origin, towards=0))
    again = {**signed(body), "x-ftg-again": "1"}
    assert (await stage(body, again))[0] == 200
    (asked,) = stage._connections.commands.invoked
    assert asked.message.object == other.trajectory.object


@pytest.mark.parametrize("over", [False, True])
async def test_what_nobody_can_make_any_more_is_waited_for_until_the_run_is_over(
    over: bool,
) -> None:
    """`reconcile` publishes again what a log lost, but not for a run of which nothing goes on."""
    stage = reading()
    command = await prepared(stage, await ref_of(stage, keys.policy(RUN, 0)))
    unknown = replace(command.policy, version=2, policy=_lost(keys.policy(RUN, 2)))
    report = ReportWritten(run=RUN, report=command.manifest, learning_curve=command.manifest)
    if over:
        await stage._connections.services.facts.publish_once(report)
    body = encode(replace(command, policy=unknown))
    status, _, text = await stage(body, signed(body))
    lost = f"object {keys.policy(RUN, 2)} is lost, and the log does not say how it was made"
    assert (status, lost in text.decode()) == (200 if over else 503, True)
    assert stage._connections.commands.invoked == []


async def test_an_object_that_comes_out_differently_fails_the_run_and_overwrites_nothing() -> None:
    key = keys.trajectory(RUN, 0, 0)
    stage = making(key, b"other bytes")
    ref = await ref_of(stage, key)
    body = encode(RestoreObject(run=RUN, object=ref, origin=await prepared(stage, ref)))
    status, _, text = await stage(body, signed(body))
    assert status == 422
    assert b"made again it has SHA-256" in text
    assert key not in stage._connections.services.objects.data


async def test_an_origin_of_another_stage_is_refused() -> None:
    stage = making("k")
    ref = await ref_of(stage, "k")
    origin = RunStarted(run=RUN, manifest=ref)
    body = encode(RestoreObject(run=RUN, object=ref, origin=origin))
    assert (await stage(body, signed(body)))[0] == 400


async def test_what_is_delivered_again_and_was_done_is_not_done_again() -> None:
    """Only then is it looked up: the usual delivery pays nothing for it."""
    stage = making("k")
    command = await prepared(stage, await ref_of(stage, "k"))
    body, facts = encode(command), stage._connections.services.facts
    again = {**signed(body), "x-ftg-again": "1"}
    assert (await stage(body, again))[0] == 200
    assert "k" in stage._connections.services.objects.data
    del stage._connections.services.objects.data["k"]
    assert await facts.count("ftg.rollout.completed.demo.0.0") == 1
    status, _, text = await stage(body, again)
    assert (status, text) == (200, b"done before")
    assert "k" not in stage._connections.services.objects.data
