"""Charts of the settings of compared runs, by plotly, an extra."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from faastraingym.client.comparison_charts import (
    COLOURS,
    GREY,
    HEIGHT,
    INK,
    RETURN,
    axes,
    colours,
    mean,
    ranked,
    told,
)
from faastraingym.client.comparison_rows import short, words
from faastraingym.schemas.comparison import ComparisonReport, Configuration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FEW = 6  # values that are ticks themselves
DECADE = 10.0  # values further apart are drawn on a logarithmic axis


def importance(report: ComparisonReport) -> "Figure":
    """The share of each setting, as bars."""
    from plotly.graph_objects import Bar

    figure = axes("share", "")
    shares = dict(reversed(report.importance.shares.items()))
    names = [escape(short(path, report.settings)) for path in shares]
    figure.add_trace(
        Bar(
            x=list(shares.values()),
            y=names,
            orientation="h",
            marker={"color": COLOURS[0]},
            hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        )
    )
    figure.update_layout(height=110 + 34 * len(names), hovermode="closest")
    figure.update_xaxes(range=[0, 1.03], tickformat=".0%")
    return figure


def parallel(report: ComparisonReport) -> "Figure":
    """Each configuration as a line through its settings, to its score."""
    from plotly.graph_objects import Figure, Parcoords

    found = list(reversed(ranked(report)))  # the best is drawn last, above the others
    means = [mean(one) for one in found]
    dimensions = [
        {"label": escape(short(path, report.settings)), **_axis([_of(one, path) for one in found])}
        for path in report.settings
    ]
    dimensions.append({"label": "return", "values": means})
    lines = {"color": means, "colorscale": [[0, "#c5d3de"], [1, COLOURS[0]]]}
    hidden = {"size": 1, "color": "rgba(0,0,0,0)"}  # ends of axes, where ticks are, too
    figure = Figure(
        Parcoords(
            dimensions=dimensions,
            line=lines,
            labelfont={"size": 13},
            tickfont={"size": 12},
            rangefont=hidden,
        )
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 70, "r": 50, "t": 60, "b": 30},
        paper_bgcolor="white",
        font={"color": INK, "size": 13},
    )
    return figure


def slices(report: ComparisonReport) -> Iterator[tuple[str, "Figure"]]:
    """Per setting, its values and the scores of the configurations that have them."""
    from plotly.graph_objects import Scatter

    shown = colours(report)
    for path in report.settings:
        found = [one for one in ranked(report) if path in one.settings]
        values = [one.settings[path] for one in found]
        figure = axes(escape(path), RETURN)
        numbers = _all_numbers(values)
        figure.add_trace(
            Scatter(
                x=values if numbers else [escape(words(value)) for value in values],
                y=[mean(one) for one in found],
                mode="markers",
                marker={"color": [shown.get(one.number, GREY) for one in found], "size": 10},
                customdata=[told(one) for one in found],
                hovertemplate="%{customdata}<br>%{y:.1f}<extra></extra>",
            )
        )
        if not numbers:
            figure.update_xaxes(type="category")
        else:
            figure.update_xaxes(type="log" if _is_wide(values) else "linear", **_ticks(values))
        figure.update_layout(height=320, hovermode="closest")
        yield path, figure


def _axis(values: Sequence[Any]) -> dict[str, Any]:
    """A dimension of parallel coordinates: numbers, their logarithms, or places of categories."""
    if _all_numbers(values):
        ticks = _ticks(values)
        if not _is_wide(values):
            return {"values": values, **ticks}
        places = [float(np.log10(tick)) for tick in ticks["tickvals"]]
        return {"values": [float(np.log10(v)) for v in values], **ticks, "tickvals": places}
    texts = ["none" if value is None else words(value) for value in values]
    known = sorted(set(texts))
    ticks = {"tickvals": list(range(len(known))), "ticktext": [escape(text) for text in known]}
    return {"values": [known.index(text) for text in texts], **ticks}


def _ticks(values: Sequence[float]) -> dict[str, Any]:
    """At the values where they are few; else at the ends and powers of ten, or as plotly likes."""
    each = sorted({float(value) for value in values})
    if len(each) > FEW:
        if not _is_wide(values):
            return {}
        low, high = np.floor(np.log10(each[0])) + 1, np.ceil(np.log10(each[-1]))
        each = [each[0], *(float(10.0**power) for power in np.arange(low, high)), each[-1]]
    return {"tickvals": each, "ticktext": [words(value) for value in each]}


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) >= DECADE


def _all_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _of(one: Configuration, path: str) -> Any:
    return one.settings.get(path)
