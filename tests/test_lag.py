"""Collecting beside the update, `rollout.max_policy_lag` from 1: as tests/test_loop.py, in process.

version 0 -> rollouts for 0 -> rewards.ready 0 -> plan-update -> the update of version 0,
                                           and beside it the rollouts for 1, under version 0
rewards.ready 1 and version 1, in any order -> plan-update -> the update of version 1, ...

With a lag of 3 version 0 acts for batches 0 to 3, whether or not versions 1 to 3 are made by then.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Recorded
from faastraingym.functions.reconcile.handler import handle as reconcile
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RolloutCompleted,
    RunCompleted,
    RunRequested,
    RunResumed,
    RunStalled,
    StopRequested,
)
from faastraingym.schemas.payloads import Trajectory, load
from tests.test_loop import SPEC, Platform, TwiceAndBackwards, train

LAGS = (1, 3)
MOST = 16
STEPS_OF = {1: 200, 3: 400, MOST: 1100}  # by lag
VERSIONS = {1: 4, 3: 7}


def lagging(lag: int, **stop: int) -> dict[str, Any]:
    return {
        **SPEC,
        "rollout": {"count": 2, "num_steps": 16, "max_policy_lag": lag},
        "algorithm": {**SPEC["algorithm"], "normalize_observations": True},
        "reward": [{"kind": "normalize"}],
        "stop": {"env_steps": STEPS_OF[lag]} | stop,
    }


MADE = ("policies", "learner", "trajectories", "rewards", "episodes", "evaluations")
STEPS = (PolicyUpdated, RolloutCompleted, RewardsReady)
AN_HOUR = 3600.0  # longer than the deadline


class Mended(Platform):
    """When nothing moves any more, the clock goes on and `reconcile` mends."""

    async def run(self) -> None:
        await super().run()
        while not told(self).newest.report:
            aged = [(s, Recorded(r.sequence, r.at - AN_HOUR, r.fact)) for s, r in self.facts.log]
            self.facts.log = aged
            for item in await reconcile.handler(None, self.services):
                await self.publish(item)
            await super().run()


class Careless(Mended):
    """Any order, some deliveries twice, some lost, and some functions die while they answer."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)

    async def deliver(self, function: str, body: bytes) -> None:
        answers = [*await self.answers(function, body)]
        if self.chance.random() < 0.2:  # dead in mid-sentence: it is delivered again
            answers = answers[: self.chance.randrange(len(answers) + 1)]
            self.queue.append((function, body))
        for message in answers:
            await self.publish(message)
        self.chance.shuffle(self.queue)
        if self.queue and self.chance.random() < 0.2:
            self.queue.append(self.queue[0])
        elif self.queue and self.chance.random() < 0.05:
            self.queue.popleft()


def told(platform: Platform) -> History:
    return fold(record for _, record in platform.facts.log)


def made(platform: Platform) -> dict[str, bytes]:
    return {k: data for k, data in platform.objects.data.items() if keys.place(k).kind in MADE}


def said(platform: Platform) -> list[str]:
    log = platform.facts.log
    return sorted(subject for subject, r in log if not isinstance(r.fact, RunStalled))


@pytest.fixture(scope="module", params=LAGS)
def lag(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def calm(lag: int) -> Platform:
    return asyncio.run(train(Platform(), lagging(lag)))


def test_every_batch_is_collected_as_far_behind_as_allowed_and_none_beyond_the_budget(
    calm: Platform, lag: int
) -> None:
    """Version 0 acts for itself and for as many versions after it."""
    history, last = told(calm), VERSIONS[lag]
    assert isinstance(history.end, RunCompleted)
    assert sorted(history.policies) == [*range(last + 1)]
    acted = {v: [r.policy.version for r in slots.values()] for v, slots in history.rollouts.items()}
    assert acted == {v: [max(0, v - lag)] * 2 for v in range(last)}
    for slots in history.rollouts.values():
        for rollout in slots.values():
            stored = load(calm.objects.data[rollout.trajectory.object.key], Trajectory)
            assert stored.version == rollout.policy.version
    learnt = sum(ready.env_steps for ready in history.rewards.values())
    assert history.policies[last].policy.env_steps == learnt


class Slow(Platform):
    """Whose learner comes last: all else is delivered before."""

    async def run(self) -> None:
        while self.queue:
            others = [one for one in self.queue if one[0] != "update-policy"]
            chosen = others[0] if others else self.queue[0]
            self.queue.remove(chosen)
            await self.deliver(*chosen)


async def test_batches_are_collected_ahead_of_a_slow_learner(calm: Platform, lag: int) -> None:
    """As many as the lag allows are whole before version 1 is said; the bytes are the same."""
    slow = await train(Slow(), lagging(lag))
    order = [(type(r.fact), getattr(r.fact, "version", None)) for _, r in slow.facts.log]
    first = order.index((PolicyUpdated, 1))
    assert [v for kind, v in order[:first] if kind is RewardsReady] == [*range(lag + 1)]
    assert (said(slow), made(slow)) == (said(calm), made(calm))


async def test_as_many_as_16_batches_are_collected_ahead() -> None:
    """By version 0, of which 17 versions learn; the 18th batch waits for version 1. Each update
    says how old its batch was.
    """
    slow = await train(Slow(), lagging(MOST))
    history = told(slow)
    order = [(type(r.fact), getattr(r.fact, "version", None)) for _, r in slow.facts.log]
    first = order.index((PolicyUpdated, 1))
    assert [v for kind, v in order[:first] if kind is RewardsReady] == [*range(MOST + 1)]
    assert max(history.policies) > MOST + 1
    acted = {ready.policy.version: ready.lag for _, ready in sorted(history.rewards.items())}
    assert acted == dict.fromkeys(range(max(history.policies) - MOST), MOST)
    told_by = {v: history.policies[v + 1].metrics for v in history.rewards}
    for version, ready in history.rewards.items():
        staleness = {f"staleness_{name}": ready.lag for name in ("mean", "max")}
        assert staleness.items() <= told_by[version].items()


async def test_the_policy_does_not_depend_on_delivery(calm: Platform, lag: int) -> None:
    """Every message twice and in the opposite order: the same bytes in every object."""
    rough = await train(TwiceAndBackwards(), lagging(lag))
    assert (said(rough), made(rough)) == (said(calm), made(calm))


@pytest.mark.parametrize("seed", range(4))
async def test_nor_on_what_is_lost_repeated_or_broken_off(
    calm: Platform, lag: int, seed: int
) -> None:
    rough = await train(Careless(seed), lagging(lag))
    assert (said(rough), made(rough)) == (said(calm), made(calm))


async def go_on(log: Sequence[tuple[str, Recorded]], calm: Platform) -> Platform:
    """With a broker that has only this of the log, and the calm run's objects but no copies."""
    platform = Mended()
    platform.facts.log = [*log]
    stored = [k for k in calm.objects.data if keys.place(k).kind in (*MADE, "manifest")]
    platform.objects.data |= {key: calm.objects.data[key] for key in stored}
    await platform.run()
    return platform


async def test_a_log_that_lost_its_tail_is_made_whole(calm: Platform) -> None:
    """Wherever it ends; what was in flight is gone too."""
    for length in range(1, len(calm.facts.log), 3):
        mended = await go_on(calm.facts.log[:length], calm)
        assert (length, said(mended), made(mended)) == (length, said(calm), made(calm))


@pytest.mark.parametrize("seed", range(4))
async def test_a_log_with_gaps_is_mended_as_far_as_the_run_needs_it(
    calm: Platform, seed: int
) -> None:
    chance, log = random.Random(seed), calm.facts.log
    lost = {s for s, r in log if isinstance(r.fact, STEPS) and chance.random() < 0.5}
    over = (RunCompleted, ReportWritten)
    kept = [(s, r) for s, r in log if s not in lost and not isinstance(r.fact, over)]
    mended = await go_on(kept, calm)
    assert (told(mended).end, made(mended)) == (told(calm).end, made(calm))


async def resumed(platform: Platform, lag: int) -> Platform:
    """Its second leg, to the whole budget."""
    started = told(platform).started
    assert started is not None
    await platform.publish(
        RunResumed(run="demo", manifest=started.manifest, segment=1, env_steps=STEPS_OF[lag])
    )
    await platform.run()
    return platform


async def test_a_budget_in_two_legs_equals_one_that_is_spent_at_once(
    calm: Platform, lag: int
) -> None:
    half = lagging(lag, env_steps=100, horizon=STEPS_OF[lag])
    first = await train(Platform(), half)
    assert sorted(told(first).policies) == [0, 1, 2]
    assert made(await resumed(first, lag)) == made(calm)


async def test_a_run_that_was_stopped_in_between_equals_one_that_never_was(
    calm: Platform, lag: int
) -> None:
    platform = Platform()
    await platform.publish(RunRequested(run="demo", spec=lagging(lag)))
    while platform.said.count("policy.updated") < 3:
        await platform.deliver(*platform.queue.popleft())
    await platform.publish(StopRequested(run="demo"))
    await platform.run()
    end = told(platform).end
    assert isinstance(end, RunCompleted)
    assert end.reason == "stopped"
    assert made(await resumed(platform, lag)) == made(calm)
