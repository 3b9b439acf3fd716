"""From a run's history to its report."""

import msgspec
import pytest

from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import build, elapsed, tally
from faastraingym.schemas.messages import InvocationCompleted, RunCompleted, RunFailed, RunRequested
from faastraingym.schemas.report import (
    CurvePoint,
    EvaluationReport,
    MetricCurves,
    PolicyReport,
    Usage,
)
from tests.events import facts
from tests.events.facts import evaluated, history, ready, updated

COMPLETED = RunCompleted(run=facts.RUN, reason="target", policy=facts.policy(1))
WHOLE = history(
    facts.REQUESTED,
    facts.STARTED,
    updated(0, evaluate=True),
    ready(0, episodes=2),
    updated(1, evaluate=True),
    evaluated(1, 480.0),
    evaluated(0, 20.0),
    ready(1),
    updated(2, evaluate=True),
    evaluated(2, 500.0),
    COMPLETED,
)


def spent(function: str, seconds: float, memory_mb: int, cold: bool = False) -> InvocationCompleted:
    return InvocationCompleted(
        run=facts.RUN,
        function=function,
        call_id="c",
        replica="r",
        started_at=0.0,
        seconds=seconds,
        memory_mb=memory_mb,
        cold_start=cold,
        status=200,
    )


def test_a_completed_run_reports_the_policy_that_its_end_names() -> None:
    report = build(facts.RUN, WHOLE, [], now=5000.0)
    assert (report.run_id, report.status, report.reason) == (facts.RUN, "completed", "target")
    assert (report.algorithm, report.environment) == ("ppo", "CartPole-v1")
    assert (report.versions, report.env_steps, report.episodes) == (1, 100, 1)
    assert report.policy == PolicyReport(
        version=1, key="runs/r/policies/1.msgpack", sha256="a" * 64
    )
    assert report.evaluation == EvaluationReport(mean=480.0, std=1.0, episodes=20)
    assert (report.best_return, report.metrics) == (500.0, {"approx_kl": 1.0})
    assert (report.spec, report.platform) == (facts.RAW, {"jaxlib": "0.10.2"})


def test_wall_time_ends_with_the_run_and_runs_on_until_then() -> None:
    assert build(facts.RUN, WHOLE, [], now=5000.0).wall_seconds == 10.0
    assert build(facts.RUN, history(facts.REQUESTED), [], now=1003.5).wall_seconds == 3.5


def test_idle_time_between_legs_is_no_wall_time() -> None:
    """Ten seconds, an hour of nothing, and three seconds so far."""
    first = [facts.REQUESTED, facts.STARTED, updated(0), COMPLETED]
    said = [Recorded(i + 1, 1000.0 + i, fact) for i, fact in enumerate(first)]
    assert build(facts.RUN, fold(said), [], now=9000.0).wall_seconds == 3.0
    said += [Recorded(5, 5000.0, facts.resumed(1)), Recorded(6, 5002.0, updated(1))]
    assert build(facts.RUN, fold(said), [], now=5004.0).wall_seconds == 7.0
    end = RunFailed(run=facts.RUN, reason="x", segment=1)
    said += [Recorded(7, 5010.0, end)]
    assert build(facts.RUN, fold(said), [], now=9000.0).wall_seconds == 13.0


def test_time_elapsed_up_to_a_moment_is_that_of_the_segments_before_it() -> None:
    """Three seconds, an hour of nothing, and ten more."""
    first = [facts.REQUESTED, facts.STARTED, updated(0), COMPLETED]
    said = [Recorded(i + 1, 1000.0 + i, fact) for i, fact in enumerate(first)]
    end = RunFailed(run=facts.RUN, reason="x", segment=1)
    said += [Recorded(5, 5000.0, facts.resumed(1)), Recorded(6, 5010.0, end)]
    moments = (999.0, 1001.0, 1003.0, 3000.0, 5004.0, 5010.0, 9000.0)
    found = [elapsed(fold(said), at) for at in moments]
    assert found == [0.0, 1.0, 3.0, 3.0, 7.0, 13.0, 13.0]


def test_training_that_went_beyond_the_reported_version_is_told() -> None:
    """The target's version is the first that reached it; its evaluation came later."""
    report = build(facts.RUN, WHOLE, [], now=0.0)
    assert (report.versions, report.env_steps) == (1, 100)
    assert (report.latest_version, report.latest_env_steps) == (2, 200)
    assert report.bucket == facts.MANIFEST.bucket


def test_every_metric_has_a_curve() -> None:
    """By version, of every update; a version that did not tell one has null there."""
    more = msgspec.structs.replace(updated(2), metrics={"approx_kl": 2.0, "entropy": 0.5})
    report = build(facts.RUN, history(facts.REQUESTED, updated(0), more, updated(1)), [], 0.0)
    assert report.curves == MetricCurves(
        versions=[1, 2],
        env_steps=[100, 200],
        metrics={"approx_kl": [1.0, 2.0], "entropy": [None, 0.5]},
    )
    assert build(facts.RUN, history(facts.REQUESTED), [], 0.0).curves == MetricCurves()


def test_curves_are_in_the_order_of_versions_and_leave_out_versions_without_episodes() -> None:
    report = build(facts.RUN, WHOLE, [], now=0.0)
    assert report.training == [CurvePoint(version=0, env_steps=100, return_mean=10.0)]
    assert [(p.version, p.env_steps, p.return_mean) for p in report.evaluations] == [
        (0, 0, 20.0),
        (1, 100, 480.0),
        (2, 200, 500.0),
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ([facts.REQUESTED], "requested"),
        ([facts.REQUESTED, facts.STARTED], "running"),
        ([facts.REQUESTED, facts.STARTED, facts.STOP], "stopping"),
        ([facts.REQUESTED, facts.STARTED, facts.STOP, COMPLETED], "completed"),
        ([facts.REQUESTED, RunFailed(run=facts.RUN, reason="x")], "failed"),
    ],
)
def test_the_status_is_what_the_facts_say(said: list, status: str) -> None:
    assert build(facts.RUN, history(*said), [], now=2000.0).status == status


def test_a_failed_run_says_why_and_reports_its_newest_policy() -> None:
    failed = RunFailed(run=facts.RUN, reason="broken", function="rollout", detail="Traceback")
    report = build(facts.RUN, history(facts.REQUESTED, updated(0), updated(1), failed), [], 0.0)
    assert (report.status, report.reason, report.detail) == ("failed", "broken", "Traceback")
    assert report.policy is not None
    assert (report.policy.version, report.evaluation) == (1, None)


@pytest.mark.parametrize("raw", [{}, {"algorithm": 3, "environment": []}])
def test_a_run_that_was_refused_has_a_report_too(raw: dict) -> None:
    request = type(facts.REQUESTED)(run=facts.RUN, spec=raw)
    report = build(facts.RUN, history(request, RunFailed(run=facts.RUN, reason="no")), [], 0.0)
    assert (report.algorithm, report.environment, report.policy) == ("", "", None)
    assert (report.versions, report.best_return, report.evaluations) == (0, None, [])


def test_usage_is_summed_by_function() -> None:
    usage = [
        spent("rollout", 2.0, 512, cold=True),
        spent("evaluate", 1.0, 2048),
        spent("rollout", 4.0, 512),
    ]
    assert tally(usage) == {
        "evaluate": Usage(invocations=1, seconds=1.0, gb_seconds=2.0, cold_starts=0),
        "rollout": Usage(invocations=2, seconds=6.0, gb_seconds=3.0, cold_starts=1),
    }
    assert list(tally(usage)) == ["evaluate", "rollout"]
    assert tally([]) == {}


def test_with_a_lag_the_curve_counts_the_steps_of_the_version_that_learns() -> None:
    """Version 0 collected after 0 steps what version 1 learns from after 100."""
    said = history(facts.REQUESTED, updated(0), updated(1), ready(1, episodes=2, lag=1))
    assert build(facts.RUN, said, [], now=0.0).training == [
        CurvePoint(version=1, env_steps=200, return_mean=10.0)
    ]


@pytest.mark.parametrize(
    ("environment", "rollout", "told"),
    [
        ({}, {}, "yes"),
        ({"memory": "none"}, {"count": 4, "threshold": None}, "yes"),
        ({"memory": "forget"}, {}, "yes; its environments are built anew at each episode"),
        ({"memory": "carry"}, {}, "yes; what its environments remember travels with it"),
        ({"memory": "declared"}, {}, "no; its environments remember"),
        ({"memory": "forget"}, {"count": 4, "threshold": 3}, "no; its batches are the rollouts"),
    ],
)
def test_a_report_says_whether_its_policy_can_be_made_again(
    environment: dict, rollout: dict, told: str
) -> None:
    spec = {**facts.RAW, "environment": {"id": "CartPole-v1", **environment}, "rollout": rollout}
    requested = RunRequested(run=facts.RUN, spec=spec)
    report = build(facts.RUN, history(requested, facts.STARTED), [], now=0.0)
    assert report.reproducible.startswith(told)
    assert build(facts.RUN, history(requested), [], now=0.0).reproducible == ""


@pytest.mark.parametrize(
    ("memory", "told"),
    [
        ("none", "yes, if the reward function mine is: the same trajectories, the same rewards"),
        (
            "carry",
            "yes, if the reward function mine is: the same trajectories, the same rewards; what its"
            " environments remember travels with it",
        ),
        ("declared", "no; its environments remember, and a lost replica loses what they do"),
    ],
)
@pytest.mark.parametrize("reward", [{"function": "mine"}, [{"kind": "function", "name": "mine"}]])
def test_a_report_says_whose_determinism_its_sha256_depends_on(
    reward: object, memory: str, told: str
) -> None:
    environment = {"id": "CartPole-v1", "memory": memory}
    spec = {**facts.RAW, "environment": environment, "reward": reward}
    requested = RunRequested(run=facts.RUN, spec=spec)
    report = build(facts.RUN, history(requested, facts.STARTED), [], now=0.0)
    assert report.reproducible == told
