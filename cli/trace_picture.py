"""Iterations as a picture: one lane per replica, time from left to right."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from events.iterations import STEPS, Iteration
from events.visits import KINDS, Part, Visit, lanes

COLOURS = {
    "environment": "#2ca02c",
    "policy": "#98df8a",
    "rewards": "#bcbd22",
    "update": "#1f77b4",
    "compile": "#9467bd",
    "store": "#ff7f0e",
    "msgpack": "#ffbb78",
    "broker": "#d62728",
    "gateway": "#f7879a",
    "stage": "#8c6d5a",
    "hop": "#b5b5b5",
    "cold start": "#17becf",
    "queue": "#e3d26f",
    "retry": "#000000",
    "unmetered": "#ffffff",
}
WIDTH, LANE = 15.0, 0.34  # inches
ORDER = ("rollout", *STEPS[2:], "evaluate")  # along an iteration; others below
Lane = tuple[str, list[Visit]]


def draw(run: str, iterations: Sequence[Iteration], visits: Sequence[Visit], suffix: str) -> bytes:
    """The picture of these iterations, of which there is at least one, as .svg or .png."""
    begin, end = iterations[0].begin, iterations[-1].end
    rows = _lanes([v for v in visits if v.end > begin and _cause(v) < end])
    height = LANE * (len(rows) + 1) + 1.9
    figure = Figure(figsize=(WIDTH, height), dpi=130, layout="constrained")
    axes = figure.subplots()
    seen = _draw_lanes(axes, rows, begin)
    seen |= _bars(axes, 0, [p for i in iterations for p in i.parts], begin, 0.62)
    _mark(axes, iterations, begin, len(rows))
    names = ["critical path", *(name for name, _ in rows)]
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(0, (end - begin) * 1e3), ylim=(len(rows) + 0.6, -0.6), xlabel="ms")
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


def _lanes(visits: Sequence[Visit]) -> list[Lane]:
    """Lanes by function, replicas numbered in the order in which they appear."""
    found = lanes(visits)
    names = list(dict.fromkeys(function for function, _, _ in found))
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    rows = []
    for name in names:
        of_name = [lane for (function, _, _), lane in found.items() if function == name]
        several = len(of_name) > 1
        rows += [(f"{name} {n}" if several else name, lane) for n, lane in enumerate(of_name, 1)]
    return rows


def _draw_lanes(axes: Any, rows: Sequence[Lane], origin: float) -> set[str]:
    seen: set[str] = set()
    group, shaded = "", False
    for y, (_, lane) in enumerate(rows, 1):
        if lane[0].function != group:
            group, shaded = lane[0].function, not shaded
        if shaded:
            axes.axhspan(y - 0.5, y + 0.5, color="0.955", zorder=0)
        seen |= _bars(axes, y, [p for visit in lane for p in visit.before], origin, 0.18)
        seen |= _bars(axes, y, [p for visit in lane for p in visit.parts], origin, 0.62)
        failed = [Part("", v.begin, v.end) for v in lane if v.status != 200]
        axes.broken_barh(
            [_range(p, origin) for p in failed], (y - 0.31, 0.62), facecolor="none", edgecolor="red"
        )
    return seen


def _bars(axes: Any, y: int, parts: Iterable[Part], origin: float, height: float) -> set[str]:
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for part in parts:
        by_kind.setdefault(part.kind, []).append(_range(part, origin))
    for kind, ranges in by_kind.items():
        axes.broken_barh(ranges, (y - height / 2, height), color=COLOURS[kind], linewidth=0)
    return set(by_kind)


def _range(part: Part, origin: float) -> tuple[float, float]:
    return (part.begin - origin) * 1e3, (part.end - part.begin) * 1e3


def _mark(axes: Any, iterations: Sequence[Iteration], origin: float, rows: int) -> None:
    """Where a version was committed."""
    for one in iterations:
        at = (one.begin - origin) * 1e3
        axes.axvline(at, color="0.3", linewidth=0.8, linestyle=":")
        axes.text(at, -0.68, f" version {one.version}", fontsize=8, color="0.2", va="bottom")
    axes.axhline(0.5, color="0.3", linewidth=0.6)


def _title(run: str, iterations: Sequence[Iteration]) -> str:
    return f"{run}: from version {iterations[0].version} to {iterations[-1].version + 1}"


def _cause(visit: Visit) -> float:
    return visit.before[0].begin if visit.before else visit.begin
