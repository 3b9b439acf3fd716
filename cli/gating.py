"""Whether a pipeline may go on: a run's report held to bounds. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from msgspec import Struct

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client.text import printable
from faastraingym.events.views.phrases import location, one_line
from faastraingym.events.views.run import target
from faastraingym.schemas.report import RunReport


class Check(Struct, frozen=True, kw_only=True):
    """One bound, and what was measured."""

    name: str  # run, return, cost
    bound: str
    measured: str
    passed: bool


def checks(report: RunReport, min_return: float | None, max_cost: float | None) -> list[Check]:
    """The run's own end first, then each bound that is set.

    Args:
        report: of a run that has ended.
        min_return: of the mean undiscounted return of the last evaluation; None: the
            specification's own target, if it has one.
        max_cost: of all its functions, retries included, in GB-seconds.
    """
    least = target(report.spec) if min_return is None else min_return
    return [
        Check(
            name="run",
            bound="ends without a failure",
            measured=f"{report.status}: {one_line(report.reason)}",
            passed=report.status == "completed",
        ),
        *_return(report, least),
        *_cost(report, max_cost),
    ]


def _return(report: RunReport, least: float | None) -> Iterator[Check]:
    if least is None:
        return
    found = report.evaluation
    yield Check(
        name="return",
        bound=f">= {least:g}",
        measured=f"{found.mean:.2f} ± {found.std:.2f}, {found.episodes} episodes"
        if found
        else "no evaluation",
        passed=found is not None and found.mean >= least,
    )


def _cost(report: RunReport, most: float | None) -> Iterator[Check]:
    if most is None:
        return
    cost = sum(usage.gb_seconds for usage in report.usage.values())
    yield Check(
        name="cost",
        bound=f"<= {most:g} GB-seconds",
        measured=f"{cost:.2f} GB-seconds",
        passed=cost <= most,
    )


def code(report: RunReport, held: Sequence[Check]) -> ExitCode:
    """As of `faastrain train`, with the bounds for its target."""
    if report.status == "failed":
        return ExitCode.RUN_FAILED
    return ExitCode.DONE if all(check.passed for check in held) else ExitCode.BUDGET_SPENT


def document(report: RunReport, held: Sequence[Check]) -> dict[str, Any]:
    """For programs."""
    return {
        "run_id": report.run_id,
        "passed": all(check.passed for check in held),
        "checks": list(held),
        "report": report,
    }


def markdown(report: RunReport, held: Sequence[Check]) -> str:
    """For people: on a terminal, in a job's summary, in a comment."""
    verdict = "passed" if all(check.passed for check in held) else "failed"
    lines = [f"### {report.run_id}: {verdict}", "", "| check | bound | measured | |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [_row(check) for check in held]
    lines += [
        "",
        f"{_cell(report.environment)} with {_cell(report.algorithm)}: {report.env_steps:,} steps, "
        f"{report.versions:,} versions, {report.wall_seconds:.1f} s",
    ]
    if report.policy:
        key = location(report.bucket, report.policy.key)
        lines += [
            "",
            f"`{_cell(key)}` SHA-256 `{report.policy.sha256}`",
        ]
    return "\n".join(lines)


def _row(check: Check) -> str:
    verdict = "passed" if check.passed else "**failed**"
    return f"| {check.name} | {check.bound} | {_cell(check.measured)} | {verdict} |"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|").replace("`", "'")


def junit(report: RunReport, held: Sequence[Check]) -> str:
    """JUnit's XML, as Jenkins, GitLab and GitHub's actions read it: a test case for each check."""
    failures = sum(not check.passed for check in held)
    counts = {"tests": str(len(held)), "failures": str(failures), "errors": "0"}
    seconds = f"{report.wall_seconds:.3f}"
    suites = ElementTree.Element("testsuites", counts | {"time": seconds})
    named = {"name": report.run_id, **counts, "skipped": "0", "time": seconds}
    suite = ElementTree.SubElement(suites, "testsuite", named)
    for number, check in enumerate(held):
        took = seconds if number == 0 else "0"  # the run's time is that of its end
        about = {"classname": report.run_id, "name": f"{check.name} {check.bound}", "time": took}
        case = ElementTree.SubElement(suite, "testcase", about)
        if not check.passed:
            text = printable(f"{check.name}: {check.measured}, wanted {check.bound}")
            failure = ElementTree.SubElement(case, "failure", {"message": text})
            failure.text = printable(report.detail) if check.name == "run" else text
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
