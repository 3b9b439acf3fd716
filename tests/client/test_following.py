import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.following import COMPILING, Follower, Following
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded, Unavailable
from faastraingym.events.views.run import RunView
from faastraingym.schemas.messages import (
    ExperimentFailed,
    ExperimentRequested,
    ExperimentStopRequested,
    RunRequested,
    tag,
)
from tests.client.facts import RUN, SPEC, beginning, completed, reported
from tests.fakes import InMemoryFactLog


class Eyes:
    """A view that remembers."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.notices: list[str] = []
        self.counts: list[Mapping[str, int] | None] = []
        self.counted = asyncio.Event()

    def show(self, run: RunView, record: Recorded) -> None:
        self.types.append(tag(record.fact))

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        self.counts.append(counts)
        self.counted.set()

    def notice(self, text: str) -> None:
        self.notices.append(text)


class Flaky(InMemoryFactLog):
    """Breaks off after three facts, and is then away for `outage` questions."""

    def __init__(self, outage: int) -> None:
        super().__init__()
        self.outage = outage
        self.broken = False

    async def count(self, subject_filter: str) -> int:
        if self.broken and self.outage > 0:
            self.outage -= 1
            raise Unavailable("no answer")
        return await super().count(subject_filter)

    async def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        given = 0
        async for record in super().follow(*subject_filters):
            if given == 3 and not self.broken:
                self.broken = True
                raise Unavailable("broken off")
            given += 1
            yield record


class Tides(InMemoryFactLog):
    """Breaks off after each fact that is new, and is then away for one question."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.is_away = False

    async def count(self, subject_filter: str) -> int:
        if self.is_away:
            self.is_away = False
            raise Unavailable("no answer")
        return await super().count(subject_filter)

    async def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        given = 0
        async for record in super().follow(*subject_filters):
            yield record
            given += 1
            if given > self.most:
                self.most, self.is_away = given, True
                raise Unavailable("broken off")


async def replicas() -> Mapping[str, int] | None:
    return {"rollout": 2}


def follower(facts: InMemoryFactLog, view: Eyes, patience: float = 30.0) -> Follower:
    return Follower(RUN, facts, view, replicas, known(facts), pulse=0.001, patience=patience)


def known(facts: InMemoryFactLog) -> Callable[[], Awaitable[bool]]:
    """As a store would have it that holds nothing."""

    async def is_known() -> bool:
        return await facts.count(subjects.of_kind(RunRequested, RUN)) > 0

    return is_known


async def fill(facts: InMemoryFactLog, *more) -> None:
    for fact in (RunRequested(run=RUN, spec=SPEC), *beginning(), *more):
        await facts.publish_once(fact)


async def test_it_ends_with_the_run_and_says_nothing() -> None:
    """What is to come is waited for; the log holds no more than before."""
    facts, view = InMemoryFactLog(), Eyes()
    await fill(facts)
    following = asyncio.create_task(follower(facts, view).to_end())
    await view.counted.wait()
    assert not following.done()
    await facts.publish_once(completed("target"))
    await facts.publish_once(reported())
    await following
    assert view.types[-1] == "report.written"
    assert view.types[0] == "run.requested"
    assert view.types[-2:] == ["run.completed", "report.written"]
    assert len(facts.log) == len(view.types)
    assert view.counts[0] == {"rollout": 2}


async def test_after_an_outage_it_goes_on_where_it_was() -> None:
    """Every fact is shown once; the outage and its end are told."""
    facts, view = Flaky(outage=3), Eyes()
    await fill(facts, completed("target"), reported())
    await follower(facts, view).to_end()
    assert view.types == [tag(record.fact) for _, record in facts.log]
    assert ["does not answer" in view.notices[0], view.notices[1]] == [
        True,
        "the stack answers again",
    ]


async def test_a_trouble_is_told_once_and_its_end_too() -> None:
    """Facts still come, or merely none: a full disk is nothing that following would notice."""
    facts, view = InMemoryFactLog(), Eyes()
    await fill(facts)
    troubles = ["", "the disk is full", "the disk is fuller", ""]
    following = asyncio.create_task(
        Follower(
            RUN,
            facts,
            view,
            replicas,
            known(facts),
            pulse=0.001,
            trouble=lambda: troubles.pop(0) if troubles else "",
        ).to_end()
    )
    async with asyncio.timeout(5):
        while len(view.notices) < 2:  # noqa: ASYNC110  the view has no event for it
            await asyncio.sleep(0.001)
    await facts.publish_once(completed("target"))
    await facts.publish_once(reported())
    await following
    assert view.notices == ["the disk is full", "the trouble is over; the run continues"]


async def test_that_jax_compiles_is_told_while_it_does() -> None:
    """When the first version or update takes its time, and only then."""
    facts, view = InMemoryFactLog(), Eyes()
    started, initialised, *rest = beginning()
    await facts.publish_once(RunRequested(run=RUN, spec=SPEC))
    await facts.publish_once(started)
    watching = Follower(RUN, facts, view, replicas, known(facts), pulse=0.001, quiet=0.0)
    following = asyncio.create_task(watching.to_end())
    async with asyncio.timeout(5):
        while not view.notices:  # noqa: ASYNC110  the view has no event for it
            await asyncio.sleep(0.001)
        await facts.publish_once(initialised)
        while len(view.notices) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    for fact in (*rest, completed("target"), reported()):
        await facts.publish_once(fact)
    await following
    assert view.notices[:2] == [COMPILING, ""]


async def test_a_learner_that_has_compiled_is_waited_for_in_silence() -> None:
    """Its updates may take long for other reasons."""
    facts, view = InMemoryFactLog(), Eyes()
    await fill(facts)
    watching = Follower(RUN, facts, view, replicas, known(facts), pulse=0.001, quiet=0.0)
    following = asyncio.create_task(watching.to_end())
    await view.counted.wait()
    for fact in (completed("target"), reported()):
        await facts.publish_once(fact)
    await following
    assert view.notices == []


async def test_a_run_that_nobody_knows_any_more_is_followed_no_longer() -> None:
    """Broker and store came back empty: nothing can ever be said of it again."""
    facts, view = InMemoryFactLog(), Eyes()
    await fill(facts)
    following = asyncio.create_task(follower(facts, view).to_end())
    await view.counted.wait()
    facts.log.clear()
    with pytest.raises(BadInput, match=f"run {RUN} is lost"):
        await following


async def test_patience_ends() -> None:
    """A stack that stays away ends the following, with what to do."""
    facts, view = Flaky(outage=10**9), Eyes()
    await fill(facts, completed("target"), reported())
    with pytest.raises(StackTrouble, match=f"faastrain follow {RUN}"):
        await follower(facts, view, patience=0.01).to_end()


async def test_each_outage_of_many_has_the_whole_patience() -> None:
    """Of an experiment, followed as a run is; two questions in a row would be too many."""
    facts, shown, notices = Tides(), list[str](), list[str]()
    told = (
        ExperimentRequested(run="sweep", spec={}),
        ExperimentStopRequested(run="sweep"),
        ExperimentFailed(run="sweep", reason="of the test"),
    )
    for fact in told:
        await facts.publish_once(fact)

    async def is_known() -> bool:
        return await facts.count(subjects.of_kind(ExperimentRequested, "sweep")) > 0

    def show(record: Recorded) -> bool:
        shown.append(tag(record.fact))
        return isinstance(record.fact, ExperimentFailed)

    following = Following(
        "experiment", "sweep", facts, show, notices.append, is_known, pulse=0.001, patience=0.0
    )
    await following.to_end()
    assert shown == [*map(tag, told)]
    assert notices[1::2] == ["the stack answers again"] * 2
    assert ["does not answer" in notice for notice in notices[::2]] == [True, True]
