"""The learning curve as a picture."""

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from faastraingym.events.views.run import target
from faastraingym.schemas.report import CurvePoint, RunReport

SIZE = (8, 4.5)  # inches


def draw(report: RunReport) -> bytes:
    """A PNG of `plot`."""
    figure = Figure(figsize=SIZE, dpi=120, layout="constrained")
    plot(report, figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def plot(report: RunReport, axes: Axes) -> None:
    """Training and evaluation returns over environment steps, and the target."""
    _line(axes, report.training, "training episodes (mean of a batch)", color="0.65")
    label = f"evaluation ({'drawn actions' if _draws(report) else 'deterministic'})"
    _line(axes, report.evaluations, label, color="tab:blue", marker="o")
    wanted = target(report.spec) if report.status == "completed" else None
    if wanted is not None:
        axes.axhline(wanted, color="tab:green", linestyle="--", label=f"target {wanted:g}")
    axes.set(xlabel="environment steps", ylabel="undiscounted return", title=_title(report))
    axes.grid(alpha=0.3)
    if axes.has_data():
        axes.legend(loc="best")


def _draws(report: RunReport) -> bool:
    evaluation = report.spec.get("evaluation")  # raw: of a run that was refused it is anything
    return isinstance(evaluation, dict) and evaluation.get("stochastic") is True


def _line(axes: Axes, points: list[CurvePoint], label: str, **style: Any) -> None:
    if points:
        xs, ys = [p.env_steps for p in points], [p.return_mean for p in points]
        axes.plot(xs, ys, label=label, markersize=4, **style)


def _title(report: RunReport) -> str:
    ending = f"{report.status}: {report.reason}".splitlines()[0][:80]
    return f"{report.environment}, {report.algorithm.upper()} - {ending}"
