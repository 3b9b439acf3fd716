"""A report in words: what is printed at a run's end and by `faastrain show`."""

from collections.abc import Iterator, Sequence
from typing import Any

from faastraingym.cli.screen import Screen
from faastraingym.client.run_packages import RunPackage
from faastraingym.client.sparkline import sparkline
from faastraingym.events.views.phrases import location, one_line
from faastraingym.schemas import keys
from faastraingym.schemas.report import CurvePoint, RunReport

USAGE_HEAD = ("function", "invocations", "seconds", "GB-seconds", "cold starts")


def print_summary(
    screen: Screen, report: RunReport, packages: Sequence[RunPackage] = (), on_disk: bool = False
) -> None:
    """Tables on a terminal, `name: value` lines elsewhere.

    Args:
        screen: where.
        report: of a run.
        packages: of its environment.
        on_disk: the results need not be fetched, for they are written next.
    """
    facts = [*rows(report, on_disk), *(("package", package.words) for package in packages)]
    costs = list(usage_rows(report))
    if screen.is_terminal:
        screen.rich(*_tables(facts, costs))
    else:
        for name, value in facts:
            screen.line(f"{name}: {value}")
        for function, *figures in costs:
            columns = zip(figures, USAGE_HEAD[1:], strict=True)
            screen.line(f"cost of {function}: {', '.join(f'{f} {head}' for f, head in columns)}")
    for sentence in (*report.advice, report.detail):
        if sentence:
            screen.line(sentence)


def rows(report: RunReport, on_disk: bool = False) -> Iterator[tuple[str, str]]:
    """The report's facts, named."""
    yield "run", report.run_id
    yield "status", report.status
    if report.reason:
        yield "reason", one_line(report.reason)
    yield "task", f"{report.environment} with {report.algorithm}"
    if isinstance(parent := report.spec.get("init_from"), dict):
        yield "parent", f"{parent.get('model')}, version {parent.get('version')}"
    if isinstance(played := report.spec.get("evaluate"), dict):
        found = dict(played.get("object") or {})
        yield "evaluates", f"{played.get('policy')}, SHA-256 {found.get('sha256')}"
    if report.evaluation:
        mean, std = report.evaluation.mean, report.evaluation.std
        yield "evaluation", f"{mean:.2f} ± {std:.2f} over {report.evaluation.episodes} episodes"
    for film in report.recordings:
        name = f"film of version {film.version:,}, episode {film.episode}"
        yield name, location(report.bucket, film.key)
    if report.unrecorded:
        yield "not filmed", one_line(report.unrecorded)
    if not report.spec.get("evaluate"):
        yield from _learning(report)
    yield "wall clock", f"{report.wall_seconds:.1f} s"
    if report.latest_env_steps and report.wall_seconds > 0:
        yield "speed", f"{report.latest_env_steps / report.wall_seconds:,.0f} steps/s"
    yield from _curve("evaluations", report.evaluations)
    yield from _curve("training", report.training)
    if report.policy:
        yield "policy", location(report.bucket, report.policy.key)
        yield "policy SHA-256", report.policy.sha256
        if report.reproducible:
            yield "reproducible", report.reproducible
    if report.status in ("completed", "failed") and not report.unreported:
        curve = keys.learning_curve(report.run_id, report.segment)
        yield "report", location(report.bucket, keys.report(report.run_id, report.segment))
        yield "learning curve", location(report.bucket, curve)
        if not on_disk:
            yield "onto the disk", f"`faastrain fetch {report.run_id}`"


def _learning(report: RunReport) -> Iterator[tuple[str, str]]:
    if report.evaluations:
        best = max(report.evaluations, key=lambda point: point.return_mean)
        yield "best evaluation", f"{best.return_mean:.2f}, of version {best.version:,}"
    beyond = ""
    if report.latest_version > report.versions:
        beyond = f"; training reached {report.latest_version:,} while evaluations ran"
    yield "versions", f"{report.versions:,}{beyond}"
    yield "environment steps", f"{report.env_steps:,} ({report.episodes:,} episodes)"
    if report.staleness and report.staleness.max:
        mean, most = report.staleness.mean, report.staleness.max
        yield "staleness", f"{mean:.1f} updates in the mean, {most} at most"
    if report.dropped_rollouts:
        yield "dropped rollouts", f"{report.dropped_rollouts:,}, which came after their batch"
    if report.reissued_rollouts:
        yield "stragglers", f"{report.reissued_rollouts:,} rollouts issued a second time"


def usage_rows(report: RunReport) -> Iterator[tuple[str, ...]]:
    """The cost of each function."""
    for name, usage in report.usage.items():
        yield (
            name,
            f"{usage.invocations:,}",
            f"{usage.seconds:.2f}",
            f"{usage.gb_seconds:.2f}",
            str(usage.cold_starts),
        )


def _curve(name: str, points: list[CurvePoint]) -> Iterator[tuple[str, str]]:
    if len(points) > 1:
        values = [point.return_mean for point in points]
        ends = f"first {values[0]:.1f}, best {max(values):.1f}, last {values[-1]:.1f}"
        yield name, f"{sparkline(values, 40)} {ends}"


def _tables(facts: list[tuple[str, str]], costs: list[tuple[str, ...]]) -> list[Any]:
    from faastraingym.cli.tables import names_and_values, table

    about = names_and_values(facts)
    return [*about, "", *table(USAGE_HEAD, costs, USAGE_HEAD[1:])] if costs else about
