"""A learning curve as a table: a row for each policy version."""

import io
from collections.abc import Mapping

import numpy as np

from faastraingym.schemas.report import CurvePoint, RunReport

COLUMNS = ("training_return", "evaluation_return")


def table(report: RunReport) -> np.ndarray:
    """A structured array [versions].

    Fields: `version` and `env_steps`, the steps that it has learnt from (int64); `training_return`
    of the episodes that it collected and `evaluation_return`, mean undiscounted returns; then what
    its update measured, such as `policy_loss` (float64, NaN where there is none).
    """
    curves = report.curves
    steps = {0: 0, **dict(zip(curves.versions, curves.env_steps, strict=True))}
    training, evaluations = _by_version(report.training), _by_version(report.evaluations)
    steps |= {point.version: point.env_steps for point in report.evaluations}
    measured = {
        name: dict(zip(curves.versions, values, strict=True))
        for name, values in curves.metrics.items()
    }
    columns: dict[str, Mapping[int, float | None]] = {
        **dict(zip(COLUMNS, (training, evaluations), strict=True)),
        **measured,
    }
    versions = sorted(steps) if report.latest_version or report.training or evaluations else []
    kinds = [("version", np.int64), ("env_steps", np.int64), *((n, np.float64) for n in columns)]
    rows = [
        (v, steps[v], *(np.nan if (x := c.get(v)) is None else x for c in columns.values()))
        for v in versions
    ]
    return np.array(rows, kinds)


def csv(report: RunReport) -> bytes:
    """The table as CSV with a head; an empty cell where there is no number."""
    found = table(report)
    text = io.StringIO()
    text.write(",".join(found.dtype.names or ()) + "\n")
    for row in found.tolist():
        text.write(",".join("" if cell != cell else repr(cell) for cell in row) + "\n")
    return text.getvalue().encode()


def _by_version(points: list[CurvePoint]) -> dict[int, float]:
    return {point.version: point.return_mean for point in points}
