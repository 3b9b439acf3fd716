"""Compared runs as a table: a row for each, ready for pandas."""

import io
from collections.abc import Mapping, Sequence
from csv import DictWriter
from typing import Any

import msgspec

from faastraingym.schemas.comparison import (
    ComparedRun,
    ComparedTrial,
    ComparisonReport,
    Configuration,
)

COLUMNS = ("run_id", "configuration", "seed", "status", "reason", "score")
SPENT = ("env_steps", "seconds", "gb_seconds")


def rows(report: ComparisonReport) -> list[dict[str, Any]]:
    """Every row has the same columns, None where there is no value.

    A column `setting.PATH` for each setting in which configurations differ. With an experiment also
    a run's trial, and a column `score.STEPS` for each rung.
    """
    trials = {run: trial for trial in report.trials for run in trial.runs}
    rungs = sorted({one.env_steps for trial in report.trials for one in trial.scores})
    return [_row(run, report, trials, rungs) for run in report.runs]


def csv(report: ComparisonReport) -> bytes:
    """The rows as CSV with a head; lists and tables as JSON, an empty cell for no value."""
    text, found = io.StringIO(), rows(report)
    writer = DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in found)
    return text.getvalue().encode()


def words(value: Any) -> str:
    """A setting's value, for people."""
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else msgspec.json.encode(value).decode()


def short(path: str, paths: Sequence[str]) -> str:
    """The last word of a path, when no other path ends with it."""
    last = path.rpartition(".")[2]
    return path if sum(other.rpartition(".")[2] == last for other in paths) > 1 else last


def ordered(report: ComparisonReport) -> list[Configuration]:
    """The best first, then by their mean; those without a score last."""
    return sorted(report.configurations, key=lambda one: _place(one, report.best))


def counted(one: Configuration) -> str:
    """How many of its runs have a score."""
    return f"{one.scored}" if one.scored == len(one.runs) else f"{one.scored} of {len(one.runs)}"


def label(one: Configuration) -> str:
    """A configuration's settings in one line."""
    told = [f"{short(path, list(one.settings))}={words(v)}" for path, v in one.settings.items()]
    return ", ".join(told) or "all runs"


def _place(one: Configuration, best: int) -> tuple[bool, float]:
    return one.number != best, -one.mean.value if one.mean else float("inf")


def _row(
    run: ComparedRun,
    report: ComparisonReport,
    trials: Mapping[str, ComparedTrial],
    rungs: Sequence[int],
) -> dict[str, Any]:
    own = report.configurations[run.configuration].settings
    trial = trials.get(run.run_id)
    scores = {one.env_steps: one.runs.get(run.run_id) for one in trial.scores} if trial else {}
    return {
        **{name: getattr(run, name) for name in COLUMNS},
        **(_of_trial(trial) if trials else {}),
        **{f"setting.{path}": own.get(path) for path in report.settings},
        **{name: getattr(run.spent, name) for name in SPENT},
        **{f"{name}_to_target": getattr(run.to_target, name, None) for name in SPENT},
        **{f"score.{steps}": scores.get(steps) for steps in rungs},
        "sha256": run.sha256,
    }


def _of_trial(trial: ComparedTrial | None) -> dict[str, Any]:
    return {
        "experiment": getattr(trial, "experiment", None),
        "trial": getattr(trial, "trial", None),
        "trial_state": getattr(trial, "state", None),
        "trial_reason": getattr(trial, "reason", None),
        "parent": getattr(trial, "parent", None),
    }


def _cell(value: Any) -> Any:
    return words(value) if isinstance(value, dict | list | bool) else value
