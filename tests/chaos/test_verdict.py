"""The verdict finds every way in which a run can have been harmed."""

from typing import Any

import pytest

from tests.chaos import verdict
from tests.chaos.verdict import Found
from tests.stack.specs import Calm

SUBJECTS = frozenset({"ftg.run.requested.demo", "ftg.policy.updated.demo.1"})
REPORT = {
    "status": "completed", "reason": "budget", "versions": 1, "env_steps": 64, "episodes": 3,
    "policy": {"sha256": "aa"}, "best_return": 9.5,
    "evaluation": {"mean": 9.5, "std": 0.5, "episodes": 70},
}  # fmt: skip
CALM = Calm(SUBJECTS, {"demo": REPORT}, {})
SAID = {"ftg.run.requested.r": 1, "ftg.policy.updated.r.1": 1}


def of_run(said: dict[str, int], report: dict[str, Any]) -> list[str]:
    return verdict.of_run("r", Found(said, {"r": report}, {}), CALM)


def test_a_run_like_the_undisturbed_one_is_good() -> None:
    assert of_run(SAID, REPORT) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ftg.policy.updated.r.1": 2}, "r: ftg.policy.updated.demo.1 was said 2 times"),
        ({"ftg.run.failed.r": 1}, "r: ftg.run.failed.demo was said besides"),
    ],
)
def test_facts_said_twice_or_besides_are_told(change: dict[str, int], words: str) -> None:
    assert of_run(SAID | change, REPORT) == [words]


@pytest.mark.parametrize(
    "subject",
    [
        "ftg.run.stalled.r.0",
        "ftg.rollout.reissued.r.3.1",
        "ftg.upload.heard.r.0123456789abcdef",
    ],
)
def test_a_run_may_say_that_it_stalled_and_whence_it_came(subject: str) -> None:
    assert of_run(SAID | {subject: 1}, REPORT) == []


def test_a_run_that_was_resumed_ends_as_the_whole() -> None:
    """And it did stop before: else nothing would have been resumed."""
    half = REPORT | {"env_steps": 32, "policy": {"sha256": "half"}}
    assert verdict.of_resumed(half, REPORT, CALM) == []
    other = REPORT | {"policy": {"sha256": "bb"}}
    assert verdict.of_resumed(half, other, CALM) == [
        "half, then resumed: policy.sha256 is bb, undisturbed aa"
    ]
    assert verdict.of_resumed(REPORT, REPORT, CALM) == ["half: it had 64 of 64 steps already"]


def test_a_fact_that_was_never_said_is_told() -> None:
    said = {"ftg.run.requested.r": 1}
    assert of_run(said, REPORT) == ["r: ftg.policy.updated.demo.1 was never said"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"episodes": 4}, "r: episodes is 4, undisturbed 3"),
        ({"env_steps": 128}, "r: env_steps is 128, undisturbed 64"),
        ({"policy": {"sha256": "bb"}}, "r: policy.sha256 is bb, undisturbed aa"),
        ({"policy": None}, "r: policy.sha256 is None, undisturbed aa"),
        ({"best_return": 9.75}, "r: best_return is 9.75, undisturbed 9.5"),
        # a piece that counted twice
        (
            {"evaluation": {"mean": 9.5, "std": 0.5, "episodes": 102}},
            "r: evaluation.episodes is 102, undisturbed 70",
        ),
    ],
)
def test_other_numbers_and_other_bytes_are_told(change: dict[str, Any], words: str) -> None:
    assert of_run(SAID, REPORT | change) == [words]


RUNS = ("0-5", "0-6", "1-5", "1-6")
COMPLETED = {
    "run": "demo", "reason": "trials", "trials": 2, "failed": 0,
    "best": {"trial": 1, "settings": {"algorithm.gamma": 0.9}, "score": 9.5},
}  # fmt: skip
CHOSEN = {
    "ftg.trial.requested.demo.0": {"run": "demo", "trial": 0, "settings": {}, "runs": ["demo-0-5"]},
    "ftg.trial.decided.demo.0.0": {"run": "demo", "trial": 0, "rung": 0, "decision": "stop",
                                   "reason": "9 is 2nd of 2", "parent": None},
    "ftg.trial.decided.demo.1.1": {"run": "demo", "trial": 1, "rung": 1, "decision": "stop",
                                   "reason": "the whole budget", "parent": None},
    "ftg.experiment.completed.demo": COMPLETED,
}  # fmt: skip
COMPETED = Calm(
    frozenset({*CHOSEN, *(f"ftg.run.requested.demo-{run}" for run in RUNS)}),
    {f"demo-{run}": REPORT | {"policy": {"sha256": run}} for run in RUNS},
    CHOSEN,
)


def sweep(chosen: dict[str, dict[str, Any]] = CHOSEN) -> Found:
    """As undisturbed, but for what was chosen; `sweep-1` is the experiment's name."""

    def own(name: str) -> str:
        return name.replace("demo", "sweep-1")

    reports = {own(run): report for run, report in COMPETED.reports.items()}
    facts = {
        own(subject): fact
        | {"run": "sweep-1"}
        | ({"runs": ["sweep-1-0-5"]} if "runs" in fact else {})
        for subject, fact in chosen.items()
    }
    return Found({own(subject): 1 for subject in COMPETED.subjects}, reports, facts)


def test_an_experiment_like_the_undisturbed_one_is_good() -> None:
    assert verdict.of_run("sweep-1", sweep(), COMPETED) == []
    assert COMPETED.sha256 == "1-5"


@pytest.mark.parametrize(
    ("subject", "change", "words"),
    [
        (
            "ftg.trial.decided.demo.0.0",
            {"decision": "continue"},
            "decision is continue, undisturbed stop",
        ),
        ("ftg.trial.decided.demo.0.0", {"parent": 1}, "parent is 1, undisturbed None"),
        ("ftg.trial.decided.demo.0.0", {"reason": "8"}, "reason is 8, undisturbed 9 is 2nd of 2"),
        (
            "ftg.trial.requested.demo.0",
            {"settings": {"a": 1}},
            "settings is {'a': 1}, undisturbed {}",
        ),
        (
            "ftg.experiment.completed.demo",
            {"best": None},
            f"best is None, undisturbed {COMPLETED['best']}",
        ),
        ("ftg.experiment.completed.demo", {"failed": 1}, "failed is 1, undisturbed 0"),
    ],
)
def test_another_decision_and_another_winner_are_told(
    subject: str, change: dict[str, Any], words: str
) -> None:
    found = sweep(CHOSEN | {subject: CHOSEN[subject] | change})
    assert verdict.of_run("sweep-1", found, COMPETED) == [f"sweep-1: {subject}: {words}"]


def test_decisions_out_of_turn_are_told() -> None:
    """Those of a synchronous scheduler come rung by rung; a trial's place in its rung is free."""
    found = sweep(dict(reversed(CHOSEN.items())))
    assert verdict.of_run("sweep-1", found, COMPETED) == [
        "sweep-1: it decided at rung 0 after rung 1"
    ]


def test_another_policy_of_one_run_is_told() -> None:
    found = sweep()
    other = {"sweep-1-0-6": REPORT | {"policy": {"sha256": "0-5"}}}
    broken = found._replace(reports={**found.reports, **other})
    assert verdict.of_run("sweep-1", broken, COMPETED) == [
        "sweep-1-0-6: policy.sha256 is 0-5, undisturbed 0-6"
    ]


@pytest.mark.parametrize(
    ("subject", "count", "words"),
    [
        ("ftg.run.requested.sweep-1-1-5", 0, "ftg.run.requested.demo-1-5 was never said"),
        ("ftg.run.requested.sweep-1-1-5", 2, "ftg.run.requested.demo-1-5 was said 2 times"),
        ("ftg.run.requested.sweep-1-2-5", 1, "ftg.run.requested.demo-2-5 was said besides"),
        ("ftg.experiment.completed.sweep-1", 0, "ftg.experiment.completed.demo was never said"),
    ],
)
def test_a_run_that_is_missing_twice_or_besides_and_no_end_are_told(
    subject: str, count: int, words: str
) -> None:
    found = sweep()
    said = {one: n for one, n in ({**found.said, subject: count}).items() if n}
    assert verdict.of_run("sweep-1", found._replace(said=said), COMPETED) == [f"sweep-1: {words}"]


def test_a_run_without_a_report_is_told() -> None:
    found = sweep()
    reports = {run: one for run, one in found.reports.items() if run != "sweep-1-1-6"}
    assert verdict.of_run("sweep-1", found._replace(reports=reports), COMPETED) == [
        "sweep-1: the report of demo-1-6 is missing"
    ]


def test_what_a_stack_leaves_behind_is_told() -> None:
    assert verdict.of_servers({"a"}, {"a"}, 0, []) == []
    assert verdict.of_servers({"a", "b"}, {"b", "c"}, 2, ["500"]) == [
        "the consumer c was leaked",
        "the consumer a is gone",
        "2 deliveries were given up",
        "a late copy was blamed: 500",
    ]
    assert verdict.of_processes([]) == []
    assert verdict.of_processes(["7"]) == ["the process 7 outlived its stack"]
