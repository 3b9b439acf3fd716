"""A report held to bounds."""

from xml.etree import ElementTree

import msgspec
import pytest

from faastraingym.cli import gating
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunFailed, RunRequested
from faastraingym.schemas.report import RunReport
from tests.cli.conftest import Desk
from tests.client.facts import NOW, RUN, SPEC, beginning, completed, failed, records, usage

MET = ExitCode.DONE
MISSED = ExitCode.BUDGET_SPENT


def report(*end: object, target: float | None = None, mean: float | None = 480.5) -> RunReport:
    """Of a run that cost 1 + 2 GB-seconds."""
    spec = SPEC | {"stop": {"env_steps": 128} | ({"target": target} if target else {})}
    said = records(RunRequested(run=RUN, spec=spec), *beginning(), *end)
    spent = [usage("rollout", 2.0, False), usage("evaluate", 4.0, True)]
    told = build(RUN, fold(said), spent, NOW)
    return told if mean is not None else msgspec.structs.replace(told, evaluation=None)


def judged(
    told: RunReport, least: float | None = None, most: float | None = None
) -> tuple[ExitCode, list[tuple[str, bool]]]:
    held = gating.checks(told, least, most)
    return gating.code(told, held), [(check.name, check.passed) for check in held]


@pytest.mark.parametrize(
    ("least", "most", "code", "held"),
    [
        (None, None, MET, [("run", True)]),
        (480.5, None, MET, [("run", True), ("return", True)]),
        (480.6, None, MISSED, [("run", True), ("return", False)]),
        (None, 3.0, MET, [("run", True), ("cost", True)]),
        (480.0, 2.9, MISSED, [("run", True), ("return", True), ("cost", False)]),
        (float("nan"), float("nan"), MISSED, [("run", True), ("return", False), ("cost", False)]),
    ],
)
def test_each_bound_is_a_check(
    least: float | None, most: float | None, code: ExitCode, held: list[tuple[str, bool]]
) -> None:
    assert judged(report(completed("budget")), least, most) == (code, held)


def test_without_a_bound_the_target_is_the_least_return() -> None:
    above = report(completed("target"), target=480.0)
    below = report(completed("budget"), target=481.0)
    assert judged(above) == (MET, [("run", True), ("return", True)])
    assert judged(below) == (MISSED, [("run", True), ("return", False)])
    assert judged(below, least=480.0) == (MET, [("run", True), ("return", True)])


def test_a_failed_run_and_one_without_an_evaluation_do_not_pass() -> None:
    assert judged(report(failed())) == (ExitCode.RUN_FAILED, [("run", False)])
    missing = report(completed("budget"), mean=None)
    assert judged(missing, least=1.0) == (MISSED, [("run", True), ("return", False)])


def test_junit_has_a_case_for_each_check_and_tells_what_failed() -> None:
    told = report(failed())
    root = ElementTree.fromstring(gating.junit(told, gating.checks(told, 475.0, 2.0)))  # noqa: S314
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (RUN, "3", "2")
    cases = {case.get("name"): case.find("failure") for case in suite.iter("testcase")}
    ended, cost = cases["run ends without a failure"], cases["cost <= 2 GB-seconds"]
    assert cases["return >= 475"] is None
    assert ended is not None
    assert cost is not None
    assert ended.get("message") == (
        "run: failed: the environment raised, wanted ends without a failure"
    )
    assert ended.text == "Traceback: boom"
    assert cost.text == "cost: 3.00 GB-seconds, wanted <= 2 GB-seconds"


def test_markdown_keeps_its_table_whatever_a_reason_holds() -> None:
    told = msgspec.structs.replace(report(failed()), reason="a | b `c`\x1b[31m")
    lines = gating.markdown(told, gating.checks(told, None, None)).splitlines()
    assert lines[0] == f"### {RUN}: failed"
    assert "failed: a \\| b 'c'[31m | **failed** |" in lines[4]


def test_gate_trains_a_specification_and_writes_what_a_pipeline_reads(desk: Desk) -> None:
    desk.up = False
    file = desk.write("cartpole.json", msgspec.json.encode(SPEC).decode())
    code = desk("gate", file, "--min-return", "475", "--junit", "gate.xml", "--markdown", "gate.md")
    assert (code, desk.started) == (0, 1)
    assert desk.out == (desk.folder / "gate.md").read_text()
    assert "| return | >= 475 | 480.50 ± 12.25, 20 episodes | passed |" in desk.out
    assert "<testcase" in (desk.folder / "gate.xml").read_text()


def test_gate_judges_a_run_that_is_named(desk: Desk) -> None:
    file = desk.write("cartpole.json", msgspec.json.encode(SPEC).decode())
    assert desk("start", file, "--run", "named") == 0
    assert desk("gate", "named", "--min-return", "490", "--json") == 1
    told = msgspec.json.decode(desk.out)
    assert (told["run_id"], told["passed"]) == ("named", False)
    assert [check["passed"] for check in told["checks"]] == [True, False]


def test_gate_adds_to_the_summary_of_a_job(desk: Desk) -> None:
    summary = desk.folder / "summary.md"
    summary.write_text("before\n")
    desk.variables["GITHUB_STEP_SUMMARY"] = str(summary)
    file = desk.write("cartpole.json", msgspec.json.encode(SPEC).decode())
    assert desk("gate", file) == 0
    assert summary.read_text() == "before\n" + desk.out


def test_what_gate_cannot_use_is_told_before_anything_starts(desk: Desk) -> None:
    file = desk.write("cartpole.json", msgspec.json.encode(SPEC).decode())
    for argv, why in [
        ((file, "--junit", "no/such/gate.xml"), "no/such/gate.xml: no file can be written there"),
        (("named", "--set", "seed=2"), "--run, --budget and --set are for a specification"),
        (("unknown",), "no run 'unknown'"),
    ]:
        assert desk("gate", *argv) == 3
        assert why in desk.err
    assert (desk("runs", "--json"), desk.out, desk.started) == (0, "[]\n", 0)


@pytest.mark.parametrize("spec", [{}, {"stop": 3}, {"stop": {"target": "high"}}])
def test_a_specification_that_was_refused_has_no_target(spec: dict[str, object]) -> None:
    """It may be anything: somebody may have sent it past the command line."""
    refused = RunFailed(run=RUN, reason="specification: unknown keys", function="start-run")
    told = build(RUN, fold(records(RunRequested(run=RUN, spec=spec), refused)), [], NOW)
    assert judged(told) == (ExitCode.RUN_FAILED, [("run", False)])


def test_gate_takes_what_train_takes(desk: Desk) -> None:
    """Code of one's own, whose name no run can have."""
    (desk.folder / "burrow.py").write_text(
        "from gymnasium.envs.classic_control import CartPoleEnv\n"
        "class Burrow(CartPoleEnv):\n    pass\n"
    )
    limited = ("--set", "environment.kwargs.max_episode_steps=50")
    assert desk("gate", "burrow.py:Burrow", "--min-return", "1", *limited) == 0, desk.err
    assert "burrow:Burrow with ppo" in desk.out
    assert desk("gate", "none.py:Burrow") == 3
    assert "none.py: no such file" in desk.err
