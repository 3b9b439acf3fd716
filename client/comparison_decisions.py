"""The population's lineage and the decisions of schedulers, as parts of the page."""

from collections import Counter
from collections.abc import Iterator
from html import escape

from faastraingym.client import comparison_lineage as lineage
from faastraingym.client.comparison_html import chart, folded, par, row, table
from faastraingym.schemas.comparison import ComparedDecision, ComparedTrial, ComparisonReport

COPIES = (
    "trial",
    "configuration",
    "in place of",
    "copy of",
    "at steps",
    "what was perturbed",
    "score",
    "state",
)
DECISIONS = ("trial", "steps", "score", "decision", "reason")


def sections(report: ComparisonReport) -> Iterator[str]:
    """Nothing of runs without an experiment."""
    for number, (name, trials) in enumerate(lineage.populations(report).items()):
        yield f"<h2>Lineage of {escape(name)}</h2>"
        line = lineage.line_of_best(trials)
        best = next(one.configuration for one in trials if one.trial == line[0])
        told = " \u2190 ".join(map(str, line))
        yield par(
            "A line is a trial, by its number, at its place in the population. A copy begins with "
            "the networks of the trial from whose line it comes. The darker, the higher its last "
            f"score. Thick: {told}, the best trial, which is configuration {best} of the other "
            "charts, and those from which it comes."
        )
        yield chart(f"lineage-{number}", lineage.lineage(trials))
        copies = [trial for trial in trials if trial.parent is not None]
        yield folded(_count(len(copies), "copy", "copies"), _copies(copies))
    if report.decisions:
        yield "<h2>Decisions</h2>"
        counted = Counter(one.decision for one in report.decisions)
        told = ", ".join(f"{number} {decision}" for decision, number in sorted(counted.items()))
        yield par(f"In the order in which they were made: {told}.")
        yield _decisions(report)


def _copies(copies: list[ComparedTrial]) -> str:
    return table(COPIES, [row([*map(escape, _copy(one))]) for one in copies])


def _copy(one: ComparedTrial) -> Iterator[str]:
    yield f"{one.trial}"
    yield "" if one.configuration is None else f"{one.configuration}"
    yield "" if one.replaces is None else f"{one.replaces}"
    yield f"{one.parent}"
    yield f"{one.begun_at:,}"
    yield ", ".join(lineage.changes(one)) or "nothing"
    yield _score(lineage.score(one))
    yield one.state


def _decisions(report: ComparisonReport) -> str:
    many = len({one.experiment for one in report.decisions}) > 1
    head = [*(["experiment"] if many else []), *DECISIONS]
    rows = [row(_decision(one, many)) for one in report.decisions]
    return f'<div class="told">{table(head, rows)}</div>'


def _decision(one: ComparedDecision, many: bool) -> list[str]:
    cells = [f"{one.trial}", f"{one.env_steps:,}", _score(one.score), one.decision, one.reason]
    return [*map(escape, [*([one.experiment] if many else []), *cells])]


def _score(found: float | None) -> str:
    return "" if found is None else f"{found:.1f}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
