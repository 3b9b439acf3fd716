"""The verdict finds every way in which a run can have been harmed."""

from typing import Any

import pytest

from tests.chaos import verdict
from tests.stack.specs import Calm

SUBJECTS = frozenset({"ftg.run.requested.demo", "ftg.policy.updated.demo.1"})
REPORT = {
    "status": "completed", "reason": "budget", "versions": 1, "env_steps": 64, "episodes": 3,
    "policy": {"sha256": "aa"}, "best_return": 9.5,
    "evaluation": {"mean": 9.5, "std": 0.5, "episodes": 70},
}  # fmt: skip
CALM = Calm(SUBJECTS, REPORT)
SAID = {"ftg.run.requested.r": 1, "ftg.policy.updated.r.1": 1}


def test_a_run_like_the_undisturbed_one_is_good() -> None:
    assert verdict.of_run("r", SAID, REPORT, CALM) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ftg.policy.updated.r.1": 2}, "r: ftg.policy.updated.demo.1 was said 2 times"),
        ({"ftg.run.failed.r": 1}, "r: ftg.run.failed.demo was said besides"),
    ],
)
def test_facts_said_twice_or_besides_are_told(change: dict[str, int], words: str) -> None:
    assert verdict.of_run("r", SAID | change, REPORT, CALM) == [words]


@pytest.mark.parametrize(
    "subject",
    [
        "ftg.run.stalled.r.0",
        "ftg.rollout.reissued.r.3.1",
        "ftg.upload.heard.r.0123456789abcdef",
    ],
)
def test_a_run_may_say_that_it_stalled_and_whence_it_came(subject: str) -> None:
    assert verdict.of_run("r", SAID | {subject: 1}, REPORT, CALM) == []


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
    assert verdict.of_run("r", said, REPORT, CALM) == [
        "r: ftg.policy.updated.demo.1 was never said"
    ]


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
    assert verdict.of_run("r", SAID, REPORT | change, CALM) == [words]


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
