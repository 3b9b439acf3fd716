"""Runs compared, from their reports: pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from faastraingym.algorithms import comparison as statistics
from faastraingym.events.experiments.history import Experiment
from faastraingym.events.views import trials
from faastraingym.events.views.groups import Group, best_of, seed
from faastraingym.events.views.phrases import one_line
from faastraingym.events.views.scores import score, spent
from faastraingym.schemas.comparison import (
    ComparedRun,
    ComparisonReport,
    Configuration,
    Estimate,
    Importance,
    Spending,
)
from faastraingym.schemas.report import RunReport

SEED = 0  # of the bootstrap: the same runs have the same intervals
LEAST = 2  # scores that have an interval


class Weighed(NamedTuple):
    """A configuration, as it is told to what finds important settings."""

    settings: dict[str, Any]
    mean: float


def build(
    groups: Sequence[Group],
    target: float | None,
    to_target: Mapping[str, Spending],
    weigh: Callable[[list[Weighed]], Importance],
    experiments: Mapping[str, Experiment] | None = None,
) -> ComparisonReport:
    """Runs that can be compared, by configuration.

    Args:
        groups: runs of each configuration.
        target: mean evaluation return to be reached; None: there is none.
        to_target: what each run that reached it had used up by then.
        weigh: finds how important settings are.
        experiments: those of which runs are, by name.
    """
    reports = [report for group in groups for report in group.reports]
    best = best_of(groups)
    of = {report.run_id: n for n, group in enumerate(groups) for report in group.reports}
    known = (experiments or {}).items()
    means = [Weighed(g.settings, float(g.scores.mean())) for g in groups if g.scores.size]
    return ComparisonReport(
        environment=reports[0].environment,
        target=target,
        settings=list(dict.fromkeys(path for group in groups for path in group.settings)),
        best=best,
        configurations=[
            _configuration(number, groups, best, target, to_target) for number in range(len(groups))
        ],
        runs=[
            _run(report, n, to_target) for n, group in enumerate(groups) for report in group.reports
        ],
        importance=weigh(means),
        trials=[each for one in known for each in trials.compared(*one, of)],
        decisions=[each for one in known for each in trials.decisions(*one)],
        remarks=list(_remarks(groups, target)),
    )


def _configuration(
    number: int,
    groups: Sequence[Group],
    best: int,
    target: float | None,
    to_target: Mapping[str, Spending],
) -> Configuration:
    group = groups[number]
    scores, drawn = group.scores, _drawn(groups, number)
    arrived = [to_target[r.run_id] for r in group.reports if r.run_id in to_target]
    improved = gap = None
    if best != number and scores.size:
        improved = _estimate(
            statistics.probability_of_improvement,
            (groups[best].scores, scores),
            (_drawn(groups, best), drawn),
        )
    if target is not None:
        gap = _estimate(lambda s: statistics.optimality_gap(s, target), (scores,), (drawn,))
    return Configuration(
        number=number,
        settings=group.settings,
        runs=[report.run_id for report in group.reports],
        scored=len(scores),
        mean=_estimate(statistics.mean, (scores,), (drawn,)),
        interquartile_mean=_estimate(statistics.interquartile_mean, (scores,), (drawn,)),
        optimality_gap=gap,
        improved_by_best=improved,
        spent=_mean([spent(report) for report in group.reports if score(report) is not None]),
        reached=len(arrived),
        to_target=_mean(arrived),
    )


def _drawn(groups: Sequence[Group], number: int) -> np.ndarray:
    """Resamples of a group's scores, the same at every call."""
    scores = groups[number].scores
    if not scores.size:
        return scores[np.newaxis]
    return statistics.resamples(scores, np.random.default_rng([SEED, number]))


def _estimate(
    statistic: Callable[..., np.ndarray], of: Sequence[np.ndarray], drawn: Sequence[np.ndarray]
) -> Estimate | None:
    """A statistic of scores, and its interval over their resamples, if there are two of each."""
    if not all(scores.size for scores in of):
        return None
    value, low, high = float(statistic(*of)), None, None
    if all(len(scores) >= LEAST for scores in of):
        low, high = map(float, statistics.interval(statistic(*drawn)))
    return Estimate(value=value, low=low, high=high)


def _mean(spendings: Sequence[Spending]) -> Spending | None:
    if not spendings:
        return None
    count = len(spendings)
    return Spending(
        env_steps=sum(one.env_steps for one in spendings) / count,
        seconds=sum(one.seconds for one in spendings) / count,
        gb_seconds=sum(one.gb_seconds for one in spendings) / count,
    )


def _run(report: RunReport, number: int, to_target: Mapping[str, Spending]) -> ComparedRun:
    return ComparedRun(
        run_id=report.run_id,
        configuration=number,
        seed=seed(report),
        status=report.status,
        reason=report.reason,
        score=score(report),
        spent=spent(report),
        to_target=to_target.get(report.run_id),
        sha256=report.policy.sha256 if report.policy else "",
        evaluations=report.evaluations,
    )


def _remarks(groups: Sequence[Group], target: float | None) -> Iterator[str]:
    reports = [report for group in groups for report in group.reports]
    without = [report for report in reports if score(report) is None]
    going = [r for r in reports if r.status not in ("completed", "failed") and r not in without]
    if without:
        told = "; ".join(f"{r.run_id}: {r.status} {one_line(r.reason)}".strip() for r in without)
        yield f"without a score, and left out of all statistics: {told}"
    if going:
        yield f"not at their end, so with the scores of now: {_names(going)}"
    if any(group.scores.size < LEAST for group in groups):
        yield "a configuration with one scored run has no interval; add seeds"
    if target is None:
        yield "the runs have no target in common; `--target X` sets one"


def _names(reports: Iterable[RunReport]) -> str:
    return ", ".join(report.run_id for report in reports)
