"""Which runs are compared with which: pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from faastraingym.events.views import settings
from faastraingym.events.views.phrases import one_line
from faastraingym.events.views.scores import score
from faastraingym.schemas.report import RunReport

LEAST = 2  # runs that are compared


class Group(NamedTuple):
    """The runs of one configuration."""

    settings: dict[str, Any]  # in which it differs from the others
    reports: list[RunReport]

    @property
    def scores(self) -> np.ndarray:
        """Those that there are, [N, 1]: one environment is one task."""
        found = [score(report) for report in self.reports]
        return np.array([[one] for one in found if one is not None]).reshape(-1, 1)


def refusal(groups: Sequence[Group]) -> str:
    """Why runs cannot be compared, and what to do; empty: they can be."""
    reports = [report for group in groups for report in group.reports]
    if len(reports) < LEAST:
        return "compare needs two runs or more; `faastrain runs` lists them"
    by_environment = {report.environment: report.run_id for report in reports}
    if len(by_environment) > 1:
        told = ", ".join(f"{run} is of {name or 'none'}" for name, run in by_environment.items())
        return f"returns of different environments cannot be compared: {told}; name runs of one"
    if not any(group.scores.size for group in groups):
        why = "; ".join(f"{r.run_id}: {r.status} {one_line(r.reason)}".strip() for r in reports[:3])
        return (
            f"none of these runs has an evaluation to compare ({why}); "
            f"`faastrain follow {reports[0].run_id}` waits for one, `faastrain show` says more"
        )
    return next(filter(None, map(_told_twice, groups)), "")


def _told_twice(group: Group) -> str:
    """Runs of the same specification are one result: to count it twice would narrow intervals."""
    known: dict[object, str] = {}
    for report in group.reports:
        other = known.setdefault(seed(report), report.run_id)
        if other != report.run_id:
            return (
                f"runs {other} and {report.run_id} have the same specification and seed, so they "
                "are one result; leave one of them out"
            )
    return ""


def seed(report: RunReport) -> int | None:
    """Of a raw specification, in which it may be anything, or be left out."""
    found = report.spec.get(settings.SEED, 0)
    return found if isinstance(found, int) else None


def grouped(reports: Sequence[RunReport], apart: Mapping[str, str] | None = None) -> list[Group]:
    """Runs by everything in their specification but the seed, in the order of their first ones.

    Runs that `apart` has by their names are only with those of the same value.
    """
    found: dict[tuple[bytes, str], list[RunReport]] = {}
    known: dict[tuple[bytes, str], dict[str, Any]] = {}
    completed: dict[bytes, dict[str, Any]] = {}  # by what was asked for, mostly the same
    for report in reports:
        raw = settings.without_seed(report.spec)
        asked = settings.identity(raw)
        one = completed.get(asked) or completed.setdefault(asked, settings.configuration(raw))
        key = settings.identity(one), (apart or {}).get(report.run_id, "")
        known.setdefault(key, one)
        found.setdefault(key, []).append(report)
    differing = settings.differing([known[key] for key in found])
    return [Group(*pair) for pair in zip(differing, found.values(), strict=True)]


def best_of(groups: Sequence[Group]) -> int:
    """The place of the group with the highest mean, of those that are whole if there is one."""
    ranks = [
        (group.scores.size == len(group.reports), float(group.scores.mean()), -place)
        for place, group in enumerate(groups)
        if group.scores.size
    ]
    return -max(ranks)[-1]
