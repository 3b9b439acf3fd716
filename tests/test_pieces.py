"""An evaluation in pieces: as tests/test_loop.py, in process.

policy.updated -> evaluate-policy, one for each piece -> episodes.evaluated
the last of these -> aggregate-rewards merges them -> evaluation.completed, as ever
"""

import asyncio
from typing import Any

import pytest

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import FactLog, Recorded, Services, Unavailable
from faastraingym.functions.aggregate_rewards.handler import handle as aggregate
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EvaluatePolicy,
    EvaluationCompleted,
    RunRequested,
    decode,
)
from tests.fakes import InMemoryFactLog
from tests.test_lag import Careless, made, said, told
from tests.test_loop import SPEC, Platform, TwiceAndBackwards, train
from tests.test_restoring import Repairs

EPISODES = 5


def in_pieces(count: int | None, **tables: Any) -> dict[str, Any]:
    """Two iterations, each version evaluated."""
    limited = {"id": "Acrobot-v1", "num_envs": 2, "kwargs": {"max_episode_steps": 12}}
    evaluation = {"every": 1, "episodes": EPISODES, "pieces": count}
    return {**SPEC, "environment": limited, "evaluation": evaluation, **tables}


@pytest.fixture(scope="module")
def calm() -> Platform:
    return asyncio.run(train(Platform(), in_pieces(3)))


@pytest.fixture(scope="module")
def whole() -> Platform:
    return asyncio.run(train(Platform(), in_pieces(1)))


def results(platform: Platform) -> dict[int, tuple[float, float, float, int]]:
    """What each evaluation came to."""
    return {
        version: (fact.return_mean, fact.return_std, fact.length_mean, fact.episodes)
        for version, fact in told(platform).evaluations.items()
    }


def test_an_evaluation_in_pieces_is_the_undivided_one(calm: Platform, whole: Platform) -> None:
    """The same objects, byte for byte, and the same numbers; the pieces lie beside them."""
    pieces = {v: sorted(played) for v, played in told(calm).evaluated.items()}
    assert pieces == {1: [0, 1, 2], 2: [0, 1, 2]}
    assert results(calm) == results(whole)
    assert {v: found[3] for v, found in results(whole).items()} == {1: EPISODES, 2: EPISODES}
    beside = {key for key in calm.objects.data if keys.place(key).kind == "episodes"}
    assert {key for key in made(calm) if key not in beside} == {*made(whole)}
    for key, data in made(whole).items():
        assert calm.objects.data[key] == data
    assert told(calm).newest.report is not None
    assert not told(whole).evaluated


async def test_an_environment_that_nobody_divides_has_no_piece() -> None:
    """CartPole's default of 20 episodes is one command, one object, one fact, as it always was."""
    platform = await train(Platform(), {**SPEC, "evaluation": {"every": 1}})
    assert not told(platform).evaluated
    assert {e.episodes for e in told(platform).evaluations.values()} == {20}


async def test_pieces_may_come_twice_and_backwards(calm: Platform) -> None:
    rough = await train(TwiceAndBackwards(), in_pieces(3))
    assert (said(rough), made(rough)) == (said(calm), made(calm))


@pytest.mark.parametrize("seed", range(6))
async def test_and_be_lost_repeated_or_broken_off(calm: Platform, seed: int) -> None:
    """Reconciling asks for the missing pieces, or has those that are there merged."""
    rough = await train(Careless(seed), in_pieces(3))
    assert (said(rough), made(rough)) == (said(calm), made(calm))


async def test_training_goes_on_while_pieces_are_played(calm: Platform) -> None:
    """All pieces come after the last version; the run ends the same way."""
    platform = Platform()
    await platform.publish(RunRequested(run="demo", spec=in_pieces(3)))
    late = []
    while platform.queue:
        function, body = platform.queue.popleft()
        if isinstance(decode(body), EvaluatePolicy):
            late.append((function, body))
        else:
            await platform.deliver(function, body)
    assert (max(told(platform).policies), told(platform).end) == (2, None)
    platform.queue.extend(reversed(late))
    await platform.run()
    assert (told(platform).end, made(platform)) == (told(calm).end, made(calm))


async def test_a_piece_that_is_lost_before_it_is_merged_is_played_again(calm: Platform) -> None:
    """Whoever merges asks for it, waits, and goes on."""
    platform = Repairs()
    await platform.publish(RunRequested(run="demo", spec=in_pieces(3)))
    while len(told(platform).evaluated.get(1, {})) < 2:
        await platform.deliver(*platform.queue.popleft())
    first = min(told(platform).evaluated[1])
    del platform.objects.data[keys.episodes("demo", 1, first)]
    await platform.run()
    assert [asked.object.key for asked in platform.asked] == [keys.episodes("demo", 1, first)]
    assert (told(platform).end, made(platform)) == (told(calm).end, made(calm))


async def test_an_altered_piece_is_played_again(calm: Platform) -> None:
    platform = Repairs()
    await platform.publish(RunRequested(run="demo", spec=in_pieces(3)))
    while len(told(platform).evaluated.get(2, {})) < 1:
        await platform.deliver(*platform.queue.popleft())
    (piece,) = told(platform).evaluated[2]
    key = keys.episodes("demo", 2, piece)
    platform.objects.data[key] = platform.objects.data[key][:-1] + b"\0"
    await platform.run()
    assert (told(platform).end, made(platform)) == (told(calm).end, made(calm))


class Behind(InMemoryFactLog):
    """A log that is read from a replica which has not heard of the last piece yet."""

    async def read(self, *subject_filters: str) -> list[Recorded]:
        return (await super().read(*subject_filters))[:-1]

    async def count(self, subject_filter: str) -> int:
        return len(await super().read(subject_filter))


async def received(platform: Platform, log: FactLog, pieces: int) -> Any:
    """What the last of some pieces leads to, with a log that has these alone."""
    played = list(told(platform).evaluated[1].values())[:pieces]
    for fact in played:
        await log.publish_once(fact)
    services = Services(log, platform.objects, platform.objects)
    return await aggregate.handler(played[-1], services)


async def test_nothing_is_said_before_all_pieces_are_there(calm: Platform) -> None:
    assert await received(calm, InMemoryFactLog(), 2) == []
    (completed,) = await received(calm, InMemoryFactLog(), 3)
    assert completed == told(calm).evaluations[1]
    with pytest.raises(Unavailable, match="2 pieces of 3 were read, more were counted"):
        await received(calm, Behind(), 3)


def facts_of(history: History) -> set[str]:
    """The subjects of the pieces' facts."""
    return {subjects.of(f) for played in history.evaluated.values() for f in played.values()}


def test_a_piece_has_a_subject_of_its_own(calm: Platform) -> None:
    assert facts_of(fold(record for _, record in calm.facts.log)) == {
        f"ftg.episodes.evaluated.demo.{version}.{piece}" for version in (1, 2) for piece in range(3)
    }
    kinds = (EpisodesEvaluated, EvaluationCompleted)
    at = [r.fact for _, r in calm.facts.log if isinstance(r.fact, kinds)]
    assert isinstance(at[-1], EvaluationCompleted)
