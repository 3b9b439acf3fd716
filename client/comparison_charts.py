"""Charts of compared runs, by plotly, whose browser code is in its wheel; an extra."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from faastraingym.client import comparison_curves as curves
from faastraingym.client.comparison_rows import label, ordered
from faastraingym.schemas.comparison import ComparisonReport, Configuration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe and Ito's colours, which colour-blind people tell apart; as many configurations are drawn.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31")
GREY, INK, LINES = "#9a9a9a", "#1a1a1a", "#e3e3e3"
RETURN = "mean evaluation return"
HEIGHT = 420


def ranked(report: ComparisonReport) -> list[Configuration]:
    """Those with a score, in their order."""
    return [one for one in ordered(report) if one.mean]


def colours(report: ComparisonReport) -> dict[int, str]:
    """By the numbers of the best configurations; the others are grey."""
    return {one.number: c for one, c in zip(ranked(report), COLOURS, strict=False)}


def learning(report: ComparisonReport) -> "Figure":
    """Learning curves of the best configurations, with intervals."""
    figure = axes("environment steps", RETURN)
    for one, colour in _drawn(report):
        curve = curves.learning(curves.scored(report, one))
        _add(figure, curve, one, colour, "linear", "%{x:,} steps: %{y:.1f}")
    if report.target is not None:
        figure.add_hline(
            y=report.target,
            line={"color": INK, "dash": "dot", "width": 1},
            annotation={"text": f"target {report.target:g}", "font": {"color": INK}},
            annotation_position="bottom left",
        )
    figure.update_xaxes(tickformat="~s", rangemode="tozero")
    return figure


def profile(report: ComparisonReport) -> "Figure":
    """Performance profiles: the share of runs above each score; of the best with its interval."""
    figure = axes("score", "share of runs above it")
    drawn = list(_drawn(report))
    runs = {one.number: curves.scored(report, one) for one, _ in drawn}
    scores = sorted({float(run.score or 0.0) for each in runs.values() for run in each})
    margin = 0.03 * (scores[-1] - scores[0]) or 1.0
    thresholds = np.array([scores[0] - margin, *scores, scores[-1] + margin])
    for one, colour in drawn:
        curve = curves.profile(runs[one.number], thresholds)
        if one.number != report.best:  # intervals of steps would hide each other
            curve = curve._replace(low=None, high=None)
        _add(figure, curve, one, colour, "hv", "%{y:.0%} above %{x:.1f}")
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    return figure


def cost(report: ComparisonReport) -> "Figure":
    """Return against cost, and a line through those that no other beats in both."""
    from plotly.graph_objects import Scatter

    figure = axes("GB-seconds of a run, mean", RETURN)
    found, shown = ranked(report), colours(report)
    points = [(one.spent.gb_seconds if one.spent else 0.0, mean(one)) for one in found]
    front = pareto(points)
    figure.add_trace(
        Scatter(
            x=[points[i][0] for i in front],
            y=[points[i][1] for i in front],
            mode="lines",
            line={"shape": "hv", "color": INK, "width": 1, "dash": "dot"},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    for i, one in enumerate(found):
        figure.add_trace(
            Scatter(
                x=[points[i][0]],
                y=[points[i][1]],
                error_y=_error(one),
                mode="markers+text" if one.number in shown else "markers",
                text=[str(one.number)],
                textposition="top right",
                marker={"color": shown.get(one.number, GREY), "size": 10},
                name=str(one.number),
                showlegend=False,
                hovertemplate=f"{told(one)}<br>%{{x:,.1f}} GB-s: %{{y:.1f}}<extra></extra>",
            )
        )
    figure.update_xaxes(rangemode="tozero")
    return figure


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """The places of points (cost, return) on the front, by cost: nothing is cheaper and as good."""
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    front: list[int] = []
    for i in order:
        if not front or points[i][1] > points[front[-1]][1]:
            front.append(i)
    return front


def _drawn(report: ComparisonReport) -> Iterator[tuple[Configuration, str]]:
    return zip(ranked(report), COLOURS, strict=False)


def axes(x: str, y: str) -> "Figure":
    """An empty chart with these titles."""
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"color": INK, "size": 13},
        hovermode="closest",
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
        },
    )
    line = {"gridcolor": LINES, "linecolor": INK, "zerolinecolor": LINES, "automargin": True}
    figure.update_xaxes(title={"text": x}, showline=True, **line)
    figure.update_yaxes(title={"text": y}, **line)
    return figure


def _add(
    figure: "Figure",
    curve: curves.Curve,
    one: Configuration,
    colour: str,
    shape: str,
    hover: str,
) -> None:
    """A line with its interval, which the legend shows and hides together."""
    from plotly.graph_objects import Scatter

    group = {"legendgroup": str(one.number)}
    plain = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, **group}
    hidden = {"width": 0, "shape": shape, "color": colour}
    if curve.low is not None and curve.high is not None:
        figure.add_trace(Scatter(x=curve.x, y=curve.low, line=hidden, **plain))
        fill = {"fill": "tonexty", "fillcolor": _faint(colour)}
        figure.add_trace(Scatter(x=curve.x, y=curve.high, line=hidden, **fill, **plain))
    figure.add_trace(
        Scatter(
            x=curve.x,
            y=curve.y,
            mode="lines",
            line={"color": colour, "width": 2, "shape": shape},
            name=str(one.number),
            hovertemplate=f"{told(one)}<br>{hover}<extra></extra>",
            **group,
        )
    )


def mean(one: Configuration) -> float:
    """Of its scores, which it has."""
    return one.mean.value if one.mean else 0.0


def _error(one: Configuration) -> dict[str, Any]:
    if one.mean is None or one.mean.low is None or one.mean.high is None:
        return {}
    above, below = one.mean.high - one.mean.value, one.mean.value - one.mean.low
    return {"type": "data", "array": [above], "arrayminus": [below], "thickness": 1}


def told(one: Configuration) -> str:
    """A configuration's number and settings, for a label."""
    return escape(f"{one.number}: {label(one)}")


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.1)"
