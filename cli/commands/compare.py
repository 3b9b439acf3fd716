"""compare: runs by configuration, as a table, as JSON, as CSV, as a page."""

import math
from argparse import Namespace
from collections.abc import Iterator

from faastraingym.cli.context import Context
from faastraingym.client import files
from faastraingym.client.comparison_rows import counted, ordered, short, words
from faastraingym.client.errors import BadInput
from faastraingym.schemas.comparison import ComparisonReport, Configuration, Estimate, Spending

NUMBERS = ("runs", "mean", "95 %", "IQM", "P(best better)", "gap", "reached")
SPENT = ("steps", "seconds", "GB-s")
TO_TARGET = tuple(f"{name} to target" for name in SPENT)
SPARE = (
    "IQM",
    "seconds",
    "steps",
    "seconds to target",
    "GB-s to target",
    "gap",
    "P(best better)",
    "steps to target",
    "reached",
)


def compare(arguments: Namespace, context: Context) -> None:
    """Compare runs; a file that cannot be written is told before they are read."""
    if arguments.target is not None and not math.isfinite(arguments.target):
        raise BadInput(f"--target {arguments.target}: write a finite number")
    paths = [path for path in (arguments.csv, arguments.html) if path]
    for path in paths:
        files.in_folder(path)
    found = context.client.compare(arguments.runs, arguments.target)
    if arguments.csv:
        found.save_csv(arguments.csv)
    if arguments.html:
        found.save_html(arguments.html)
    if arguments.json:
        context.screen.json(found.report)
    else:
        _print(found.report, context)
    for path in paths:
        context.screen.remark(f"wrote {path}")


def _print(report: ComparisonReport, context: Context) -> None:
    screen = context.screen
    named = {path: short(path, report.settings) for path in report.settings}
    aimed = ("gap", "reached", *TO_TARGET) if report.target is not None else ()
    head = ("no.", *named.values(), *NUMBERS[:5], *aimed, *SPENT)
    rows = [tuple(_cells(one, report)) for one in ordered(report)]
    screen.table(head, rows, [name for name in head if name not in named.values()], SPARE)
    best = report.configurations[report.best]
    screen.line(f"best: configuration {best.number}, {', '.join(best.runs)}")
    shares = ", ".join(f"{named[p]} {share:.0%}" for p, share in report.importance.shares.items())
    if report.settings:
        screen.line(f"importance: {shares or 'not told'} ({report.importance.method})")
    for remark in report.remarks:
        screen.remark(remark)


def _cells(one: Configuration, report: ComparisonReport) -> Iterator[str]:
    yield f"{one.number}"
    for path in report.settings:
        yield words(one.settings[path]) if path in one.settings else ""
    yield counted(one)
    yield _value(one.mean)
    yield _interval(one.mean)
    yield _value(one.interquartile_mean)
    yield "" if one.improved_by_best is None else f"{one.improved_by_best.value:.2f}"
    if report.target is not None:
        yield _value(one.optimality_gap)
        yield f"{one.reached}"
        yield from _spent(one.to_target)
    yield from _spent(one.spent)


def _value(found: Estimate | None) -> str:
    return "" if found is None else f"{found.value:.2f}"


def _interval(found: Estimate | None) -> str:
    if found is None or found.low is None or found.high is None:
        return ""
    return f"{found.low:.2f} to {found.high:.2f}"


def _spent(spent: Spending | None) -> tuple[str, str, str]:
    if spent is None:
        return "", "", ""
    return f"{spent.env_steps:.0f}", f"{spent.seconds:.1f}", f"{spent.gb_seconds:.1f}"
