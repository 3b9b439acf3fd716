"""Which trial of a population was copied from which: a chart by plotly, an extra."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from faastraingym.client.comparison_charts import COLOURS, GREY, INK, axes
from faastraingym.client.comparison_rows import words
from faastraingym.schemas.comparison import ComparedTrial, ComparisonReport

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

LOW, HIGH = "#bcd0de", COLOURS[0]  # of scores, as parallel coordinates have them
SLANT = 0.16  # of a rung: from the parent's line to the beginning of a copy's
ROW, AROUND = 34, 150  # pixels of a place, and of everything else
MOST_NAMED = 80  # trials whose numbers fit into a picture


def populations(report: ComparisonReport) -> dict[str, list[ComparedTrial]]:
    """The trials of each experiment in which some were copied."""
    found: dict[str, list[ComparedTrial]] = {}
    for trial in report.trials:
        found.setdefault(trial.experiment, []).append(trial)
    return {
        name: trials
        for name, trials in found.items()
        if any(trial.parent is not None for trial in trials)
    }


def lineage(trials: Sequence[ComparedTrial]) -> "Figure":
    """Each trial as a line at its place of the population, from where it began to where it ended.

    A copy's line comes out of its parent's. Those of the best trial and of its ancestors are thick;
    the higher the last score, the darker the line.
    """
    figure, at = axes("environment steps of a run", "place in the population"), places(trials)
    ancestors, shade = line_of_best(trials), _shades(trials)
    slant = SLANT * min((end(t) - t.begun_at for t in trials if t.scores), default=0)
    few = len(trials) <= MOST_NAMED
    for trial in trials:
        begun = trial.begun_at + (slant if trial.parent is not None else 0)
        figure.add_trace(
            _line(
                [begun, max(begun, end(trial))],
                [at[trial.trial]] * 2,
                shade[trial.trial],
                6 if trial.trial in ancestors else 3,
                text=[str(trial.trial) if few else "", ""],
                hovertemplate=f"{_told(trial)}<extra></extra>",
            )
        )
        if trial.parent in at:
            own = [trial.begun_at, begun], [at[trial.parent], at[trial.trial]]
            width = 2.5 if trial.trial in ancestors else 1.0
            figure.add_trace(_line(*own, INK, width, mode="lines", hoverinfo="skip"))
    count = max(at.values()) + 1
    figure.update_layout(height=AROUND + ROW * count)
    figure.update_yaxes(range=[count - 0.4, -0.7], tickvals=[*range(count)], showgrid=False)
    figure.update_xaxes(tickformat="~s", rangemode="tozero")
    return figure


def places(trials: Sequence[ComparedTrial]) -> dict[int, int]:
    """The place of each trial in the population: a copy has that of the trial it replaces."""
    found: dict[int, int] = {}
    for trial in trials:  # by their numbers, so what is replaced comes first
        new = trial.replaces is None or trial.replaces not in found
        found[trial.trial] = len(set(found.values())) if new else found[trial.replaces or 0]
    return found


def line_of_best(trials: Sequence[ComparedTrial]) -> list[int]:
    """The trial with the highest score of those that came furthest, its parent, and so on."""
    known = {trial.trial: trial for trial in trials}
    scored = [trial for trial in trials if score(trial) is not None]
    best = max(scored, key=lambda t: (end(t), score(t), -t.trial), default=None)
    found: list[int] = []
    while best is not None:
        found.append(best.trial)
        best = known.get(best.parent) if best.parent is not None else None
    return found


def score(trial: ComparedTrial) -> float | None:
    """At its last rung."""
    return trial.scores[-1].score if trial.scores else None


def end(trial: ComparedTrial) -> int:
    """Environment steps of its last rung."""
    return trial.scores[-1].env_steps if trial.scores else trial.begun_at


def named(trial: ComparedTrial) -> str:
    """A trial by its number, and by that of its configuration, which all other charts have."""
    of = "" if trial.configuration is None else f", configuration {trial.configuration}"
    return f"trial {trial.trial}{of}"


def changes(trial: ComparedTrial) -> Iterator[str]:
    """What was perturbed, in words."""
    for path, value in trial.perturbed.items():
        yield f"{path} {_value(value.parent)} \u2192 {_value(value.copy)}"


def _told(trial: ComparedTrial) -> str:
    found = score(trial)
    parts = [named(trial)]
    if trial.parent is not None:
        parts.append(f"copy of {trial.parent} at {trial.begun_at:,} steps")
        parts += changes(trial)
    parts.append("no score" if found is None else f"score {found:.1f} at {end(trial):,} steps")
    return "<br>".join(map(escape, parts))


def _line(x: Sequence[float], y: Sequence[int], colour: str, width: float, **more: Any) -> Any:
    from plotly.graph_objects import Scatter

    return Scatter(
        x=x,
        y=y,
        line={"color": colour, "width": width},
        marker={"color": colour, "size": 7},
        showlegend=False,
        **{"mode": "lines+markers+text", "textposition": "top right", **more},
    )


def _shades(trials: Sequence[ComparedTrial]) -> dict[int, str]:
    """A colour by the score; grey without one."""
    from plotly.colors import sample_colorscale

    scores = {trial.trial: score(trial) for trial in trials}
    known = [one for one in scores.values() if one is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return {
        number: GREY
        if one is None
        else sample_colorscale([[0, LOW], [1, HIGH]], [(one - low) / ((high - low) or 1.0)])[0]
        for number, one in scores.items()
    }


def _value(value: Any) -> str:
    return "none" if value is None else words(value)
