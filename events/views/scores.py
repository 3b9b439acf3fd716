"""What a run came to, from its report: pure."""

from collections.abc import Iterable

from faastraingym.events.views.run import target as target_of
from faastraingym.schemas.comparison import Spending
from faastraingym.schemas.report import CurvePoint, RunReport


def score(report: RunReport) -> float | None:
    """The mean evaluation return with which a run ended, or which it has so far.

    None: it failed, or has no evaluation.
    """
    if report.status == "failed":
        return None
    if report.evaluation:
        return report.evaluation.mean
    return report.evaluations[-1].return_mean if report.evaluations else None


def common_target(reports: Iterable[RunReport]) -> float | None:
    """The target of all runs; None: one has none, or they have several."""
    found = {target_of(report.spec) for report in reports}
    return found.pop() if len(found) == 1 else None


def reached(report: RunReport, target: float | None) -> CurvePoint | None:
    """The first evaluation that reached the target, in the order of versions."""
    if target is None or report.status == "failed":
        return None
    return next((point for point in report.evaluations if point.return_mean >= target), None)


def ended_at(report: RunReport, point: CurvePoint) -> bool:
    """Whether a run ended by this evaluation: then all that it cost, it cost up to there."""
    return report.reason == "target" and report.versions == point.version


def spent(report: RunReport) -> Spending:
    """What a run used up in all."""
    return Spending(
        env_steps=report.env_steps,
        seconds=report.wall_seconds,
        gb_seconds=sum(usage.gb_seconds for usage in report.usage.values()),
    )
