"""An experiment is removed with its runs, and nothing brings any of it back (see test_removing.py).

Its own removal is told first, so it plans nothing more while its runs go; its facts name these, so
they go last.
"""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from faastraingym.client import comparing, holdings, removing
from faastraingym.client.errors import BadInput
from faastraingym.client.world import Connected
from faastraingym.events.experiments.history import fold
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.removal import Amount
from faastraingym.events.ports import Unavailable
from faastraingym.events.views import experiments
from faastraingym.events.views.runs import overview
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from tests.test_experiment import EXPERIMENT, compete
from tests.test_loop import SPEC, Platform
from tests.test_removing import OTHER, Desk, Dies, mortal

NAME = "sweep"
SMALL = {
    **EXPERIMENT,
    "space": {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}},
    "seeds": [3],
    "at_once": 2,
}
RUNS = ["sweep-0-3", "sweep-1-3"]
ALL = [NAME, *RUNS]
HEARD = {
    "start-run": (m.RunRequested, m.ExperimentRequested),
    "plan-experiment": (m.ExperimentStarted, m.TrialReported),
    "conclude-run": (m.RunCompleted,),
}


@pytest.fixture(scope="module")
def ended() -> tuple[list[Any], dict[str, bytes]]:
    """What log and store hold of an experiment and of another run: trained once."""
    platform = Platform()

    async def both() -> None:
        await compete(platform, SMALL)
        await platform.publish(m.RunRequested(run=OTHER, spec=SPEC))
        await platform.run()

    asyncio.run(both())
    return platform.facts.log, platform.objects.data


@pytest.fixture
def desk(ended: tuple[list[Any], dict[str, bytes]]) -> Desk:
    return Desk(*ended)


async def remove(stack: Connected, name: str = NAME) -> None:
    """As `faastrain rm` does."""
    found = await holdings.held(stack, name)
    await removing.remove(stack, name, pytest.fail, patience=0, runs=found.runs or ())


def stays(name: str) -> tuple[list[str], list[str], int, int]:
    return (["run.removed"], [keys.removal(name)], 0, 0)


def of_all(desk: Desk) -> dict[str, Any]:
    return {name: desk.of(name) for name in ALL}


async def delivered_again(desk: Desk, facts: list[m.Message]) -> None:
    """To the functions that could bring something back; those that lack a log are asked later."""
    for function, kinds in HEARD.items():
        for fact in facts:
            with suppress(Unavailable):
                if fact.run in ALL and isinstance(fact, kinds):
                    await desk.platform.deliver(function, m.encode(fact))
    while desk.platform.queue:
        with suppress(Unavailable):
            await desk.platform.deliver(*desk.platform.queue.popleft())


async def test_all_of_an_experiment_and_its_runs_goes(desk: Desk) -> None:
    """What is told before is what goes."""
    other, before = desk.of(OTHER), of_all(desk)
    told = await holdings.held(desk.stack, NAME)
    assert (told.run_id, told.runs) == (NAME, RUNS)
    kinds = [kind for facts, *_ in before.values() for kind in facts]
    assert {kind: one.number for kind, one in told.facts.items()} == {
        kind: kinds.count(kind) for kind in kinds
    }
    stored = [key for _, found, *_ in before.values() for key in found]
    assert told.objects["manifest"].number == len(RUNS)
    assert sum(one.number for one in told.objects.values()) == len(stored)
    size = sum(len(desk.objects.data[key]) for key in stored)
    assert sum(one.bytes for one in told.objects.values()) == size
    await remove(desk.stack)
    assert of_all(desk) == {name: stays(name) for name in ALL}
    assert desk.of(OTHER) == other
    assert [row.run_id for row in await overview(desk.facts, 0.0)] == [OTHER]
    assert await experiments.overview(desk.facts, 0.0) == []
    assert await desk.tick() == []
    assert (await holdings.held(desk.stack, NAME)).amount == Amount()


async def test_wherever_the_process_dies_nothing_of_it_trains_again(
    ended: tuple[list[Any], dict[str, bytes]],
) -> None:
    """Before every call; then everything is delivered again, and reconcile ticks."""
    whole, calls = mortal(Desk(*ended).stack, -1)
    await remove(whole)
    assert calls() > 100
    for number in range(calls()):
        desk = Desk(*ended)
        other, facts = desk.of(OTHER), [record.fact for _, record in desk.facts.log]
        dying, _ = mortal(desk.stack, number)
        with pytest.raises(Dies):
            await remove(dying)
        await delivered_again(desk, facts)
        assert {*desk.platform.said} <= {"report.written", "trial.reported"}, number
        assert await desk.tick() == [], number
        await remove(desk.stack)
        assert of_all(desk) == {name: stays(name) for name in ALL}, number
        assert desk.of(OTHER) == other, number


async def test_a_broker_that_lost_everything_then_plans_nothing(
    ended: tuple[list[Any], dict[str, bytes]],
) -> None:
    """The runs that were not removed yet are there again; the same command removes them."""
    whole, calls = mortal(Desk(*ended).stack, -1)
    await remove(whole)
    for number in range(0, calls() + 1, 6):
        desk = Desk(*ended)
        dying, _ = mortal(desk.stack, number)
        with suppress(Dies):
            await remove(dying)
        desk.facts.log.clear()
        await desk.tick()
        await desk.tick()
        assert begun(desk, ended[0]) == set(), number
        await remove(desk.stack)
        assert of_all(desk) == {name: stays(name) for name in ALL}, number


async def test_a_broker_that_was_rolled_back_into_the_experiment_plans_nothing(desk: Desk) -> None:
    """The store tells plan-experiment, before reconcile has told the log."""
    log = list(desk.facts.log)
    await remove(desk.stack)
    half = [m.tag(record.fact) for _, record in log].index("trial.reported")
    desk.facts.log = log[:half]
    await delivered_again(desk, [record.fact for _, record in log[:half]])
    assert {*desk.platform.said} <= {"report.written", "trial.reported"}
    await desk.tick()
    assert "run.removed" in desk.platform.said
    assert begun(desk, log) == set()
    await remove(desk.stack)
    assert of_all(desk) == {name: stays(name) for name in ALL}


def begun(desk: Desk, log: list[Any]) -> set[str]:
    """What the log has of trials and of work that it did not have in `log`."""
    known = {subjects.of(record.fact) for _, record in log}
    new = {m.tag(record.fact) for subject, record in desk.facts.log if subject not in known}
    return new & {"trial.requested", "trial.decided", "run.requested", "policy.updated"}


async def test_what_goes_on_is_refused(desk: Desk) -> None:
    """The experiment, or a run of it that somebody resumed."""
    log = list(desk.facts.log)
    desk.facts.log = [(s, r) for s, r in log if m.tag(r.fact) != "experiment.completed"]
    with pytest.raises(BadInput, match="experiment sweep goes on; first `faastrain stop sweep`"):
        await holdings.held(desk.stack, NAME)
    await desk.facts.publish_once(m.ExperimentStopRequested(run=NAME))
    with pytest.raises(BadInput, match="sweep is stopping; `faastrain follow sweep` waits"):
        await holdings.held(desk.stack, NAME)
    desk.facts.log = list(log)
    started = next(r.fact for _, r in log if isinstance(r.fact, m.RunStarted))
    await desk.facts.publish_once(
        m.RunResumed(
            run=RUNS[0], manifest=started.manifest, segment=1, env_steps=10_000, target=None
        )
    )
    with pytest.raises(BadInput, match="run sweep-0-3 goes on; first `faastrain stop sweep-0-3`"):
        await holdings.held(desk.stack, NAME)


async def test_a_refused_experiment_takes_no_run_of_another_with_it(desk: Desk) -> None:
    """It was refused because somebody's run had the name that it needed."""
    await desk.facts.publish_once(m.ExperimentRequested(run="taken", spec={}))
    await desk.facts.publish_once(
        m.ExperimentFailed(run="taken", reason="the name of run taken-0-1")
    )
    await desk.facts.publish_once(m.RunRequested(run="taken-0-1", spec=SPEC))
    told = await holdings.held(desk.stack, "taken")
    assert (told.runs, told.amount.number) == ([], 2)
    await remove(desk.stack, "taken")
    assert desk.of("taken") == stays("taken")
    assert desk.of("taken-0-1")[0] == ["run.requested"]


async def test_a_run_whose_request_is_still_on_its_way_never_starts(desk: Desk) -> None:
    """The trial's fact names it."""
    late = next(r.fact for _, r in desk.facts.log if r.fact.run == RUNS[1])
    assert isinstance(late, m.RunRequested)
    desk.facts.log = [(s, r) for s, r in desk.facts.log if r.fact.run != RUNS[1]]
    await remove(desk.stack)
    await desk.platform.publish(late)
    await desk.platform.run()
    assert desk.platform.said == ["run.requested"]
    assert await desk.tick() == []


async def test_a_comparison_leaves_out_a_run_that_was_removed(desk: Desk) -> None:
    """Wherever its removal is; without two runs it is refused in words."""
    await removing.remove(desk.stack, RUNS[0], pytest.fail)
    (score,) = [one.score for one in fold_of(desk).results if one.trial == 1]
    compared = await comparing.compared(desk.stack, [NAME, OTHER], None, 0.0)
    first, other = compared.report.runs
    assert (first.run_id, first.score, other.run_id) == (RUNS[1], score, OTHER)
    with pytest.raises(BadInput, match="two runs or more"):
        await comparing.compared(desk.stack, [NAME], None, 0.0)
    await desk.facts.publish_once(m.RunRemoved(run=RUNS[1]))
    with pytest.raises(BadInput, match="sweep has no run to compare"):
        await comparing.compared(desk.stack, [NAME], None, 0.0)


def fold_of(desk: Desk) -> Any:
    return fold([record for _, record in desk.facts.log if record.fact.run == NAME])
