"""A dashboard's data as a picture, for documents: what Grafana would ask Prometheus, drawn here.

`python -m deploy.grafana.draw training OUT.png --prometheus http://127.0.0.1:9090 --minutes 5
--set run=cartpole.*`
"""

import argparse
import json
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from deploy.grafana.panels import Panel, load, panels

COLUMNS = 2
POINTS = 240  # of a line, at most
MOST_IN_LEGEND = 9


class Window(NamedTuple):
    """Which stretch of time is drawn; Unix seconds."""

    begin: float
    end: float

    @property
    def step(self) -> float:
        """Seconds between two points."""
        return max(1.0, (self.end - self.begin) / POINTS)


class Line(NamedTuple):
    """One series: its name, minutes since the begin, values."""

    name: str
    minutes: list[float]
    values: list[float]


def lines(prometheus: str, panel: Panel, window: Window) -> list[Line]:
    """What Prometheus's `query_range` answers to a panel's queries."""
    found = []
    for query in panel.queries:
        asked = urllib.parse.urlencode(
            {
                "query": query.expression,
                "start": window.begin,
                "end": window.end,
                "step": window.step,
            }
        )
        url = f"{prometheus}/api/v1/query_range?{asked}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  a person's own
            series = json.load(answer)["data"]["result"]
        for one in series:
            at = [(float(t) - window.begin) / 60 for t, _ in one["values"]]
            name = _named(query.legend, one["metric"])
            found.append(Line(name, at, [float(v) for _, v in one["values"]]))
    return found


def draw(title: str, charts: list[tuple[Panel, list[Line]]], window: Window) -> Figure:
    """All panels, two in a row."""
    rows = -(-len(charts) // COLUMNS)
    figure = Figure(figsize=(13, 2.9 * rows + 0.5), dpi=110, layout="constrained")
    figure.suptitle(title, fontsize=15, fontweight="bold")
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes, (panel, found) in zip(grid.flat, charts, strict=False):
        _chart(axes, panel, found)
        axes.set_xlim(0, (window.end - window.begin) / 60)
    for axes in grid.flat[len(charts) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("minutes")
    return figure


def _chart(axes: Axes, panel: Panel, found: list[Line]) -> None:
    shown = sorted(found, key=lambda line: -max(line.values, default=0.0))
    for number, line in enumerate(shown):
        label = line.name if number < MOST_IN_LEGEND else None
        alone = {"marker": "o", "markersize": 3} if len(line.values) < 3 else {}
        axes.plot(line.minutes, line.values, label=label, linewidth=1.6, **alone)
    axes.set_title(panel.title, loc="left", fontsize=11)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.12)
    if panel.unit == "percentunit":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if panel.unit == "bytes":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / 1024:.0f} KiB"))
    if panel.unit == "s":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g} s"))
    if min((v for line in found for v in line.values), default=0.0) >= 0:
        axes.set_ylim(bottom=0)
    if found:
        axes.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _named(legend: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], ""), legend)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dashboard", choices=["training", "platform"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=PATTERN")
    return parser.parse_args()


def main() -> None:
    """Write the picture."""
    told = _parsed()
    now = time.time()
    window = Window(now - 60 * told.minutes, now)
    dashboard: dict[str, Any] = load(told.dashboard)
    chosen = dict(pair.split("=", 1) for pair in told.set)
    charts = [(p, lines(told.prometheus, p, window)) for p in panels(dashboard, chosen)]
    draw(dashboard["title"], charts, window).savefig(told.out)


if __name__ == "__main__":
    main()
