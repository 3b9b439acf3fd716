"""Curves of a configuration's runs, with intervals over seeds: pure."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from faastraingym.algorithms import comparison as statistics
from faastraingym.schemas.comparison import ComparedRun, ComparisonReport, Configuration

MOST = 200  # points that are drawn
SEED = 0  # of the bootstrap


class Curve(NamedTuple):
    """P points; an interval is where there are two runs."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None


def scored(report: ComparisonReport, configuration: Configuration) -> list[ComparedRun]:
    """The runs of a configuration that have a score."""
    named = set(configuration.runs)
    return [run for run in report.runs if run.run_id in named and run.score is not None]


def learning(runs: Sequence[ComparedRun]) -> Curve:
    """The mean evaluation return over environment steps, from where all runs have one.

    A point is where the last of the runs had its k-th evaluation; each counts with its newest one
    up to there. So nothing is interpolated, and a run that ended keeps its last evaluation.
    """
    each = [
        (np.array([p.env_steps for p in run.evaluations]), [p.return_mean for p in run.evaluations])
        for run in runs
        if run.evaluations
    ]
    if not each:
        return Curve(np.array([]), np.array([]), None, None)
    rounds = zip_longest(*(at for at, _ in each), fillvalue=0)
    steps = _thinned(np.unique([max(found) for found in rounds]))
    steps = steps[steps >= max(at[0] for at, _ in each)]
    held = [np.array(y)[np.searchsorted(at, steps, side="right") - 1] for at, y in each]
    return _with_interval(steps, np.array(held))


def profile(runs: Sequence[ComparedRun], thresholds: np.ndarray) -> Curve:
    """The share of runs whose score is above each threshold."""
    above = np.array([[float(run.score or 0.0) > t for t in thresholds] for run in runs])
    return _with_interval(thresholds, above.astype(np.float64))


def _with_interval(x: np.ndarray, values: np.ndarray) -> Curve:
    """The mean of values [N, P] over runs, and its interval: a resample takes whole curves."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return Curve(x, mean, None, None)
    places = np.arange(len(values))[:, np.newaxis]
    drawn = statistics.resamples(places, np.random.default_rng(SEED))[..., 0]
    low, high = statistics.interval(values[drawn].mean(axis=1))
    return Curve(x, mean, low, high)


def _thinned(points: np.ndarray) -> np.ndarray:
    """At most MOST of them, the first and the last included."""
    if len(points) <= MOST:
        return points
    return np.asarray(points[np.linspace(0, len(points) - 1, MOST).round().astype(int)])
