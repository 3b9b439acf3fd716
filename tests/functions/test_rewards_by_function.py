"""Rewards of a function of one's own: asked by HTTP, held to its batch, paid for, asked again."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faastraingym.adapters.errors import FunctionFailed
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Unavailable
from faastraingym.rewards import Batch, function
from faastraingym.schemas import keys, reward_call
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import (
    RewardsReady,
    RolloutCompleted,
    RunFailed,
    RunRequested,
    RunStarted,
)
from faastraingym.schemas.payloads import Rewards, Trajectory, load
from faastraingym.schemas.reward_call import MSGPACK, RewardCall
from tests.reward_servers import NAME, Handle, example, serving, told
from tests.test_loop import SPEC, Platform, handler, train

BY_FUNCTION = {**SPEC, "reward": {"function": NAME, "seconds": 5.0}}


async def trained(
    spec: dict[str, Any], handle: Handle | None, folder: Path
) -> tuple[Platform, list[RewardCall]]:
    platform = Platform()
    async with serving(platform.objects, handle, folder) as asked:
        await train(platform, spec)
    return platform, [reward_call.load(body, RewardCall) for body in asked]


async def test_the_learner_learns_from_what_the_function_answered(tmp_path: Path) -> None:
    """In one process, but for HTTP; once for each version, after a question at the start."""
    module = example()
    platform, asked = await trained(BY_FUNCTION, module.handle, tmp_path)
    assert platform.said[-2:] == ["run.completed", "report.written"]
    assert [(call.run, call.version, len(call.trajectories)) for call in asked] == [
        ("", 0, 0),
        ("demo", 0, 2),
        ("demo", 1, 2),
    ]
    stored = load(platform.objects.data[keys.rewards("demo", 1)], Rewards)
    for index, rewards in enumerate(stored.rewards):
        found = load(platform.objects.data[keys.trajectory("demo", 1, index)], Trajectory)
        assert found.valid.any()
        wanted = np.where(found.valid, module.rewards(found), 0.0)
        np.testing.assert_array_equal(rewards, wanted.astype(np.float32))
    plain = await train(Platform())
    assert (
        platform.objects.data[keys.policy("demo", 2)] != plain.objects.data[keys.policy("demo", 2)]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"rollout": {**SPEC["rollout"], "max_policy_lag": 2}},
        {"algorithm": {"name": "dqn", "hidden_sizes": [8], "learning_starts": 0, "batch_size": 8}},
    ],
    ids=["lag", "off-policy"],
)
async def test_each_version_is_asked_for_whoever_learns(
    change: dict[str, Any], tmp_path: Path
) -> None:
    """By rollouts that were collected ahead; by a window of versions."""
    spec = {**BY_FUNCTION, **change, "stop": {"env_steps": 300}}
    platform, asked = await trained(spec, example().handle, tmp_path)
    assert platform.said[-2:] == ["run.completed", "report.written"]
    versions = platform.said.count("policy.updated") - 1
    assert {call.version for call in asked[1:]} >= {*range(versions)}
    assert len(asked) - 1 == platform.said.count("rewards.ready")


async def test_other_transforms_follow(tmp_path: Path) -> None:
    named = {"kind": "function", "name": NAME}
    spec = {**SPEC, "reward": [named, {"kind": "scale", "factor": -2.0}]}
    scaled, _ = await trained(spec, example().handle, tmp_path)
    plain, _ = await trained(BY_FUNCTION, example().handle, tmp_path)
    one, two = (load(p.objects.data[keys.rewards("demo", 0)], Rewards) for p in (scaled, plain))
    np.testing.assert_array_equal(one.rewards[0], -2.0 * two.rewards[0])


async def test_its_seconds_are_metered_by_its_own_name(tmp_path: Path) -> None:
    platform, _ = await trained(BY_FUNCTION, example().handle, tmp_path)
    spent = [usage for usage in platform.facts.metered if usage.function == NAME]
    assert [(usage.run, usage.version, usage.status) for usage in spent] == [
        ("demo", 0, 200),
        ("demo", 1, 200),
    ]
    assert {usage.memory_mb for usage in spent} == {256}
    assert all(usage.seconds > 0 for usage in spent)


def unsaid(platform: Platform) -> tuple[RewardsReady, list[RolloutCompleted]]:
    """Version 1's rewards, which the log loses, and its rollouts."""
    facts = [record.fact for _, record in platform.facts.log]
    (ready,) = [f for f in facts if isinstance(f, RewardsReady) and f.version == 1]
    platform.facts.remove(subjects.of(ready))
    return ready, [f for f in facts if isinstance(f, RolloutCompleted) and f.version == 1]


async def test_what_was_answered_once_is_not_asked_again(tmp_path: Path) -> None:
    """Though nobody said so before the process died; what the store lost is asked for again."""
    platform, act = Platform(), handler("aggregate-rewards")
    async with serving(platform.objects, example().handle, tmp_path) as asked:
        await train(platform, BY_FUNCTION)
        (ready, rollouts), calls = unsaid(platform), len(asked)
        assert await act(rollouts[0], platform.services) == [ready]
        assert len(asked) == calls
        before = platform.objects.data.pop(keys.rewards("demo", 1))
        assert await act(ready, platform.services) == [ready]
        assert len(asked) == calls + 1
        assert platform.objects.data[keys.rewards("demo", 1)] == before


async def test_rollouts_that_complete_a_version_together_ask_once(tmp_path: Path) -> None:
    """Each invocation sees the whole batch; only one of them need pay for its rewards."""
    platform, act = Platform(), handler("aggregate-rewards")
    async with serving(platform.objects, example().handle, tmp_path) as asked:
        await train(platform, BY_FUNCTION)
        (ready, rollouts), calls = unsaid(platform), len(asked)
        del platform.objects.data[keys.rewards("demo", 1)]
        together = [act(rollout, platform.services) for rollout in rollouts * 4]
        assert await asyncio.gather(*together) == [[ready]] * 8
    assert len(asked) == calls + 1


async def test_a_run_whose_function_is_not_there_does_not_start(tmp_path: Path) -> None:
    platform, asked = await trained(BY_FUNCTION, None, tmp_path)
    (failed,) = [r.fact for _, r in platform.facts.log if isinstance(r.fact, RunFailed)]
    assert failed.reason == (
        f"spec.reward[0].name: the reward function {NAME} answered 404: There is no such function; "
        "deploy it under this name: `faastrain rewards deploy`"
    )
    assert asked == []


async def test_one_that_is_busy_at_the_start_is_no_reason_to_refuse(tmp_path: Path) -> None:
    platform = Platform()

    async def busy(body: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        return 503, {}, b"soon"

    async with serving(platform.objects, busy, tmp_path):
        with pytest.raises(Unavailable, match=f"the reward function {NAME} answered 503: soon"):
            await train(platform, BY_FUNCTION)
    assert [r for _, r in platform.facts.log if isinstance(r.fact, RunStarted)]


def answering(status: int, body: bytes = b"", seconds: float = 0.0) -> Handle:
    """Answers so where there are trajectories."""

    async def handle(asked: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        if not reward_call.load(asked, RewardCall).trajectories:
            return 200, {"content-type": MSGPACK}, reward_call.dump(EMPTY)
        await asyncio.sleep(seconds)
        return status, {}, body

    return handle


EMPTY = reward_call.RewardAnswer(rewards=[])


def of(change: Any) -> Handle:
    """Answers rewards of 1 as they are changed."""

    @function
    def handle(batch: Batch) -> list[np.ndarray]:
        rewards = [np.ones(t.rewards.shape, np.float32) for t in batch.trajectories]
        return change(rewards)  # type: ignore[no-any-return]

    return handle


def _spoilt(rewards: list[np.ndarray]) -> list[np.ndarray]:
    rewards[1][3, 1] = np.nan
    return rewards


def _broken(rewards: list[np.ndarray]) -> list[np.ndarray]:
    raise ZeroDivisionError("of what")


@pytest.mark.parametrize(
    ("handle", "error", "words"),
    [
        (answering(500, b"oops"), FunctionFailed, f"{NAME} answered 500: oops; see"),
        (of(_broken), FunctionFailed, f"{NAME} answered 500: ZeroDivisionError: of what; see"),
        (answering(429), Unavailable, f"{NAME} answered 429"),
        (
            answering(401, b"who"),
            RunFault,
            f"401: who; its secret .* `faastrain rewards key {NAME}",
        ),
        (answering(418, b"teapot"), RunFault, f"the reward function {NAME} answered 418: teapot"),
        (answering(302), RunFault, f"the reward function {NAME} answered 302"),
        (answering(200, b"no"), RunFault, f"the reward function {NAME}: not a"),
        (answering(200, b"x" * (1 << 17)), RunFault, f"{NAME} answered more than 65792 bytes"),
        (answering(200, b"", 3.0), FunctionFailed, f"{NAME} did not answer in 0.5 s; shorten its"),
        (of(lambda r: r[:1]), RunFault, f"{NAME} answered 1 arrays; allowed: 2, one for each"),
        (
            of(lambda r: [r[0], r[1][1:]]),
            RunFault,
            rf"{NAME}, version 0: rewards\[1\]: found <f4 \[15, 2\]; allowed: <f4 \[16, 2\]",
        ),
        (of(_spoilt), RunFault, rf"{NAME}, version 0: rewards\[1\]\[3, 1\]: found nan; allowed:"),
    ],
)
async def test_what_is_no_answer_is_told_by_the_functions_name(
    handle: Handle, error: type[Exception], words: str, tmp_path: Path
) -> None:
    platform = Platform()
    spec = {**SPEC, "reward": {"function": NAME, "seconds": 0.5}}
    async with serving(platform.objects, handle, tmp_path):
        with pytest.raises(error, match=words):
            await train(platform, spec)


async def test_a_gateway_that_is_away_is_waited_for(tmp_path: Path) -> None:
    platform = Platform()
    async with serving(platform.objects, example().handle, tmp_path):
        await platform.publish(RunRequested(run="demo", spec=BY_FUNCTION))
        while "rollout.completed" not in platform.said:
            await platform.deliver(*platform.queue.popleft())
    with (
        told("http://127.0.0.1:9", tmp_path),
        pytest.raises(Unavailable, match=f"the reward function {NAME}: 127.0.0.1:9: "),
    ):
        await platform.run()
