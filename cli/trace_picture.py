"""Iterations as a picture: one lane per replica, time from left to right."""

import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from faastraingym.events.views.invocations import KINDS, Invoked, Part, lanes
from faastraingym.events.views.iterations import STEPS, Iteration

COLOURS = {
    "environment": "#2ca02c",
    "policy": "#98df8a",
    "rewards": "#bcbd22",
    "update": "#1f77b4",
    "compile": "#9467bd",
    "film": "#c5b0d5",
    "store": "#ff7f0e",
    "msgpack": "#ffbb78",
    "broker": "#d62728",
    "command": "#f7879a",
    "gateway": "#fbc3cc",
    "stage": "#8c6d5a",
    "hop": "#b5b5b5",
    "cold start": "#17becf",
    "queue": "#e3d26f",
    "retry": "#000000",
    "straggler": "#7b1e3a",
    "unmetered": "#ffffff",
}
WIDTH, LANE = 15.0, 0.34  # inches
THICK, THIN = 0.62, 0.18  # of a lane: an invocation, what lies before it
CHARACTERS = 200  # of such names have place beside each other
NAMED = 12  # iterations; where there are more, only their numbers are written
ORDER = ("rollout", *STEPS[2:], "evaluate")  # along an iteration; others below
Lane = tuple[str, list[Invoked]]


class Window(NamedTuple):
    """What is drawn; Unix seconds."""

    begin: float
    end: float

    def visible(self, parts: Iterable[Part]) -> list[Part]:
        """What of `parts` can be seen."""
        return [part for part in parts if part.end > self.begin and part.begin < self.end]

    def range(self, part: Part) -> tuple[float, float]:
        """Begin and length in ms."""
        return (part.begin - self.begin) * 1e3, (part.end - part.begin) * 1e3


def draw(
    run: str, iterations: Sequence[Iteration], invocations: Sequence[Invoked], suffix: str
) -> bytes:
    """The picture of these iterations, of which there is at least one, as .svg or .png."""
    window = Window(iterations[0].begin, iterations[-1].end)
    rows = _lanes([v for v in invocations if window.visible((*v.before, *v.parts))])
    height = LANE * (len(rows) + 1) + 1.9
    figure = Figure(figsize=(WIDTH, height), dpi=130, layout="constrained")
    axes = figure.subplots()
    seen = _draw_lanes(axes, rows, window)
    seen |= _bars(axes, 0, [p for i in iterations for p in i.parts], window, THICK)
    _mark(axes, iterations, window)
    names = ["critical path", *(name for name, _ in rows)]
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(0, (window.end - window.begin) * 1e3), ylim=(len(rows) + 0.6, -0.6), xlabel="ms")
    axes.set_title(_title(run, iterations), pad=22)
    axes.tick_params(axis="y", length=0)
    handles = [
        Patch(facecolor=COLOURS[kind], edgecolor="0.5", linewidth=0.4, label=kind)
        for kind in KINDS
        if kind in seen
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=8, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix)
    return buffer.getvalue()


def _lanes(invocations: Sequence[Invoked]) -> list[Lane]:
    """Lanes by function, replicas numbered in the order in which they appear."""
    found = lanes(invocations)
    names = list(dict.fromkeys(function for function, _, _ in found))
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    rows = []
    for name in names:
        of_name = [lane for (function, _, _), lane in found.items() if function == name]
        several = len(of_name) > 1
        rows += [(f"{name} {n}" if several else name, lane) for n, lane in enumerate(of_name, 1)]
    return rows


def _draw_lanes(axes: Any, rows: Sequence[Lane], window: Window) -> set[str]:
    seen: set[str] = set()
    group, shaded = "", False
    for y, (_, lane) in enumerate(rows, 1):
        if lane[0].function != group:
            group, shaded = lane[0].function, not shaded
        if shaded:
            axes.axhspan(y - 0.5, y + 0.5, color="0.955", zorder=0)
        seen |= _bars(axes, y, [p for invoked in lane for p in invoked.before], window, THIN)
        seen |= _bars(axes, y, [p for invoked in lane for p in invoked.parts], window, THICK)
        failed = [Part("", v.begin, v.end) for v in lane if v.status != 200]
        _outline(axes, y, failed, window)
    return seen


def _bars(axes: Any, y: int, parts: Iterable[Part], window: Window, height: float) -> set[str]:
    """Draws what can be seen; its kinds."""
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for part in window.visible(parts):
        by_kind.setdefault(part.kind, []).append(window.range(part))
    for kind, ranges in by_kind.items():
        axes.broken_barh(ranges, (y - height / 2, height), color=COLOURS[kind], linewidth=0)
    return set(by_kind)


def _outline(axes: Any, y: int, failed: Iterable[Part], window: Window) -> None:
    """What failed has a red border."""
    ranges = [window.range(part) for part in window.visible(failed)]
    axes.broken_barh(ranges, (y - THICK / 2, THICK), facecolor="none", edgecolor="red")


def _mark(axes: Any, iterations: Sequence[Iteration], window: Window) -> None:
    """Where a version was committed."""
    names = "version {}" if len(iterations) <= NAMED else "{}"
    apart = (window.end - window.begin) * 1e3 * len(names) / CHARACTERS
    named = -apart
    for one in iterations:
        at = (one.begin - window.begin) * 1e3
        axes.axvline(at, color="0.3", linewidth=0.8, linestyle=":")
        if at - named >= apart:
            text = " " + names.format(one.version)
            axes.text(at, -0.68, text, fontsize=8, color="0.2", va="bottom")
            named = at
    axes.axhline(0.5, color="0.3", linewidth=0.6)


def _title(run: str, iterations: Sequence[Iteration]) -> str:
    return f"{run}: from version {iterations[0].version} to {iterations[-1].version + 1}"
