"""A dashboard's data as a picture, for documents: what Grafana would ask Prometheus, drawn here.

`python -m benchmarks.dashboard_picture training OUT.png \
    --prometheus http://127.0.0.1:9090 --minutes 5
--set run=cartpole.*`
"""

import argparse
import itertools
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from benchmarks.panels import Panel, load, panels

COLUMNS = 2
POINTS = 240  # of a line, at most
FORMATS = {
    "short": FuncFormatter(lambda v, _: f"{v:,.10g}"),
    "s": FuncFormatter(lambda v, _: f"{v:g} s"),
    "bytes": FuncFormatter(lambda v, _: f"{v / (1 << 20):.1f} MiB"),
    "percentunit": PercentFormatter(1.0, decimals=0),
}


class Window(NamedTuple):
    """Which stretch of time is drawn; Unix seconds."""

    begin: float
    end: float

    @property
    def step(self) -> float:
        """Seconds between two points."""
        return max(1.0, (self.end - self.begin) / POINTS)


class Line(NamedTuple):
    """One series: its name, Unix seconds, values."""

    name: str
    at: list[float]
    values: list[float]


def lines(prometheus: str, panel: Panel, window: Window) -> list[Line]:
    """What Prometheus's `query_range` answers to a panel's queries."""
    found = []
    for query in panel.queries:
        series = _asked(
            f"{prometheus}/api/v1/query_range",
            {
                "query": query.expression,
                "start": window.begin,
                "end": window.end,
                "step": window.step,
            },
        )["result"]
        for one in series:
            at = [float(t) for t, _ in one["values"]]
            name = _named(query.legend, one["metric"])
            found.append(Line(name, at, [float(v) for _, v in one["values"]]))
    return found


def learner_metrics(prometheus: str, window: Window) -> list[str]:
    """The names of all metrics that algorithms gave their updates meanwhile."""
    where = {"match[]": "faastrain_learner_metric", "start": window.begin, "end": window.end}
    names: list[str] = _asked(f"{prometheus}/api/v1/label/metric/values", where)
    return names


def _asked(url: str, parameters: dict[str, Any]) -> Any:
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}?{query}", timeout=30) as answer:  # noqa: S310  a person's own
        return json.load(answer)["data"]


def draw(title: str, charts: list[tuple[Panel, list[Line]]]) -> Figure:
    """All panels, two in a row; time counts from the first number that there is."""
    found = [line for _, several in charts for line in several]
    begin, end = min(line.at[0] for line in found), max(line.at[-1] for line in found)
    rows = -(-len(charts) // COLUMNS)
    figure = Figure(figsize=(14, 2.7 * rows + 0.5), dpi=100, layout="constrained")
    figure.suptitle(title, fontsize=15, fontweight="bold")
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    colours = _colours(found)
    for axes, (panel, several) in zip(grid.flat, charts, strict=False):
        _chart(axes, panel, several, colours, begin)
        axes.set_xlim(0, (end - begin) / 60)
    for axes in grid.flat[len(charts) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("minutes")
    return figure


def _subject(name: str) -> str:
    """The run or function that a line is of: its colour is the same in all panels."""
    return name.split(" ")[0].split(".")[0]


def _kind(name: str) -> str:
    """What it is of that: it chooses the line's dashes."""
    return name.partition(" ")[2]


def _colours(found: Sequence[Line]) -> dict[str, str]:
    """In the order in which they appear: what the first panels show is told apart."""
    subjects = dict.fromkeys(_subject(line.name) for line in found)
    return {subject: f"C{number % 10}" for number, subject in enumerate(subjects)}


def _chart(
    axes: Axes, panel: Panel, found: Sequence[Line], colours: dict[str, str], begin: float
) -> None:
    kinds = dict.fromkeys(_kind(line.name) for line in found)
    styles = dict(zip(kinds, itertools.cycle(("-", "--", ":", "-.")), strict=False))
    for line in sorted(found, key=lambda line: line.name):
        axes.plot(
            [(at - begin) / 60 for at in line.at],
            line.values,
            label=line.name,
            color=colours[_subject(line.name)],
            linestyle=styles[_kind(line.name)],
            linewidth=1.6,
        )
    _frame(axes, panel, found)


def _frame(axes: Axes, panel: Panel, found: Sequence[Line]) -> None:
    axes.set_title(panel.title, loc="left", fontsize=11)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.12)
    axes.yaxis.set_major_formatter(FORMATS[panel.unit])
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FORMATS["short"])
    elif min((v for line in found for v in line.values), default=0.0) >= 0:
        axes.set_ylim(bottom=0)
        if not any(v for line in found for v in line.values):
            axes.set_ylim(top=1)
    axes.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _named(legend: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], ""), legend)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dashboard", choices=["training", "platform"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--end", help="RFC 3339 (default: now)")
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=PATTERN")
    return parser.parse_args()


def main() -> None:
    """Write the picture."""
    told = _parsed()
    end = datetime.fromisoformat(told.end).timestamp() if told.end else time.time()
    window = Window(end - 60 * told.minutes, end)
    dashboard: dict[str, Any] = load(told.dashboard)
    chosen = dict(pair.split("=", 1) for pair in told.set)
    repeated = {"metric": learner_metrics(told.prometheus, window)}
    charts = [(p, lines(told.prometheus, p, window)) for p in panels(dashboard, chosen, repeated)]
    draw(dashboard["title"], charts).savefig(told.out)


if __name__ == "__main__":
    main()
