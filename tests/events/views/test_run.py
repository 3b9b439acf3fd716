"""A run as a dashboard shows it: newest numbers, whatever order the kinds of facts come in."""

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views.run import MOST_EVALUATIONS, WINDOW, RunView, Watched, spend
from faastraingym.events.views.run import view as of_history
from faastraingym.schemas.messages import (
    EpisodeSummary,
    InvocationCompleted,
    Message,
    RewardsReady,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunResumed,
    RunStalled,
    RunUnreported,
)
from tests.events import facts
from tests.events.facts import (
    MANIFEST,
    REPORTED,
    REQUESTED,
    RUN,
    STARTED,
    STOP,
    evaluated,
    policy,
    updated,
)

FAILED = RunFailed(run=RUN, reason="no")
UNREPORTED = RunUnreported(run=RUN, reason="no picture")
COMPLETED = RunCompleted(run=RUN, reason="target", policy=policy(1))


def resumed(target: float | None = None) -> RunResumed:
    return RunResumed(run=RUN, manifest=MANIFEST, segment=1, env_steps=900, target=target)


def ready(version: int, lag: int = 0, **episodes: Any) -> RewardsReady:
    return replace(facts.ready(version, lag=lag), episodes=EpisodeSummary(**episodes))


def view(*facts: Message) -> RunView:
    """Said one second after the other, from second 1."""
    return watched(*facts).view


def watched(*facts: Message, every: float = 1.0) -> Watched:
    records = [Recorded(i, i * every, fact) for i, fact in enumerate(facts, start=1)]
    return Watched(run=RUN).add(records)


def test_a_request_tells_what_the_run_is() -> None:
    """Its environment, algorithm, target and budget."""
    found = view(REQUESTED)
    assert (found.environment, found.algorithm) == ("CartPole-v1", "ppo")
    assert (found.target, found.budget) == (475.0, 300.0)
    assert (found.status, found.requested_at, found.ended_at) == ("requested", 1.0, 0.0)


@pytest.mark.parametrize(
    "spec", [{}, {"environment": "x", "stop": []}, {"environment": {"id": "x" * 999}, "stop": {}}]
)
def test_a_specification_may_be_anything(spec: dict[str, Any]) -> None:
    """It was not validated: nothing breaks, and no label is longer than 64 characters."""
    found = view(RunRequested(run=RUN, spec=spec))
    assert len(found.environment) <= 64
    assert (found.target, found.budget) == (None, None)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_version_counts_however_facts_come(order: tuple[int, ...]) -> None:
    """Of the policy, of the batch, of the evaluation."""
    said: list[Message] = []
    for version in order:
        batch = ready(version, lag=version, episodes=2, return_sum=2.0 * version, length_sum=6)
        said += [updated(version), batch, evaluated(version, 10.0 * version)]
    found = view(*said)
    assert (found.version, found.env_steps, found.episodes) == (2, 200, 2)
    assert found.learner == {"approx_kl": 2.0}
    assert (found.training_return, found.episode_length, found.staleness) == (2.0, 3.0, 2)
    assert found.evaluation is not None
    assert found.evaluation.return_mean == 20.0


def test_a_batch_without_an_episodes_end_leaves_the_last_return() -> None:
    """There is no mean of nothing."""
    found = view(ready(1, episodes=1, return_sum=5.0, length_sum=5), ready(2))
    assert (found.training_return, found.episode_length) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("said", "status", "ended_at"),
    [
        ([STARTED], "running", 0.0),
        ([STARTED, STOP], "stopping", 0.0),
        ([STOP, STARTED], "stopping", 0.0),
        ([STARTED, FAILED], "failed", 3.0),
        ([COMPLETED, STARTED], "completed", 2.0),
        ([FAILED, COMPLETED], "failed", 2.0),
        ([FAILED, resumed()], "running", 0.0),
        ([COMPLETED, UNREPORTED], "failed", 2.0),
        ([COMPLETED, UNREPORTED, REPORTED], "completed", 2.0),
    ],
)
def test_a_runs_life(said: list[Message], status: str, ended_at: float) -> None:
    """Of two ends the first counts; a resumption goes on; without a report it has failed."""
    found = view(REQUESTED, *said)
    assert (found.status, found.ended_at) == (status, ended_at)


def test_a_resumption_has_its_own_budget_and_target() -> None:
    """Also when the request is read after it."""
    for found in (view(REQUESTED, resumed(500.0)), view(resumed(500.0), REQUESTED)):
        assert (found.budget, found.target) == (900.0, 500.0)


def test_trouble_is_counted() -> None:
    """Stalls, dead letters and early copies."""
    late = facts.reissued(0, 1)
    stalls = [RunStalled(run=RUN, number=number, waiting_for=[]) for number in (0, 1)]
    found = view(facts.dead(), *stalls, late)
    assert (found.stalls, found.dead_letters, found.reissued) == (2, 1, 1)


def test_cost_is_summed_by_function() -> None:
    """GB-seconds are busy seconds times the memory limit in GiB."""
    usage = [
        InvocationCompleted(
            run=RUN,
            function="rollout",
            call_id="c",
            replica="r",
            started_at=0.0,
            seconds=2.0,
            memory_mb=512,
            cold_start=cold,
            status=status,
            retried=retried,
        )
        for status, cold, retried in ((503, True, False), (200, False, True))
    ]
    spent = spend({}, usage)["rollout"]
    assert spent.by_status == {503: 1, 200: 1}
    assert (spent.seconds, spent.gb_seconds) == (4.0, 2.0)
    assert (spent.cold_starts, spent.retried) == (1, 1)


def test_speed_is_steps_between_versions() -> None:
    """Ten versions of 100 steps, 0.5 s apart: older ones do not count."""
    said = [updated(version) for version in range(WINDOW + 5)]
    assert watched(*said, every=0.5).view.steps_per_second == 200.0


def test_speed_of_one_moment_is_not_known() -> None:
    """No version, one version, or two at the same instant: no division by zero."""
    for said in ([], [updated(0)]):
        assert view(STARTED, *said).steps_per_second is None
    assert watched(updated(0), updated(1), every=0.0).view.steps_per_second is None


def test_the_learner_begins_twice() -> None:
    """With the first version, and with the first update; later updates find all of it compiled."""
    said = [STARTED, updated(0), ready(0), updated(1), ready(1)]
    begins = [view(*said[:count]).learner_begins for count in range(1, 6)]
    assert begins == [True, False, True, False, False]


def test_evaluations_are_shown_by_version() -> None:
    """They come in any order; the newest are enough."""
    said = [evaluated(version, float(version)) for version in range(MOST_EVALUATIONS + 2)]
    found = view(*reversed(said))
    assert found.evaluations == tuple(range(2, MOST_EVALUATIONS + 2))


def test_what_is_kept_of_a_run_stays_small() -> None:
    """After a thousand versions no more than after a hundred, and the view is the whole log's."""
    said: list[Message] = [REQUESTED, STARTED, updated(0)]
    for version in range(1000):
        said += [facts.collected(version, 0), ready(version), evaluated(version, 1.0)]
        said += [updated(version + 1)]
    said[4] = ready(0, episodes=1, return_sum=5.0, length_sum=5)
    first, run = watched(*said[:400]), watched(*said)
    kept = [len(msgspec.msgpack.encode(one.history)) for one in (first, run)]
    assert kept[1] < kept[0] * 1.1
    records = [Recorded(i, float(i), fact) for i, fact in enumerate(said, start=1)]
    assert run.view == of_history(RUN, fold(records), {})
    assert run.view.training_return == 5.0
