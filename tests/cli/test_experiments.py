"""Experiments, typed on fakes."""

import json
from typing import Any

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.schemas import messages as m
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import SPEC
from tests.events.experiments.acting_out import NAME, Log, calm

RATES = {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 3e-4]}}
EXPERIMENT: dict[str, Any] = {"run": SPEC, "space": RATES, "seeds": [5, 6]}


def score(trial: int, seed: int, rung: int) -> float | None:
    return 10.0 * trial + seed


@pytest.fixture
def ended(desk: Desk) -> Desk:
    """An experiment of two trials, which has ended."""
    log = calm(Log(EXPERIMENT), score)
    publish_once(desk, *(record.fact for record in log.records))
    return desk


@pytest.fixture
def file(desk: Desk) -> str:
    return desk.write("sweep.json", json.dumps(EXPERIMENT))


def test_experiments_are_listed(ended: Desk) -> None:
    assert ended("experiments") == ExitCode.DONE
    assert ended.out.splitlines()[1].split("\t")[:4] == ["x", "completed", "grid", "none"]
    assert ended("experiments", "--json") == ExitCode.DONE
    (row,) = json.loads(ended.out)
    assert (row["experiment_id"], row["trials"], row["of"], row["failed"]) == (NAME, 2, 2, 0)
    assert row["best"]["score"] == 15.5


def test_an_experiment_is_no_run(ended: Desk) -> None:
    assert ended("runs", "--json") == ExitCode.DONE
    assert json.loads(ended.out) == []


def test_show_has_the_trials(ended: Desk) -> None:
    assert ended("show", NAME, "--json") == ExitCode.DONE
    report = json.loads(ended.out)
    assert [(row["trial"], row["state"], row["score"]) for row in report["rows"]] == [
        (0, "completed", 5.5),
        (1, "completed", 15.5),
    ]
    assert report["rows"][1]["settings"] == {"algorithm.learning_rate": 3e-4}
    assert ended("show", NAME) == ExitCode.DONE
    assert "best: trial 1, return 15.50: algorithm.learning_rate = 0.0003" in ended.out


def test_best_has_the_trial_and_the_best_of_its_runs(ended: Desk) -> None:
    assert ended("best", NAME) == ExitCode.DONE
    assert ended.out.splitlines() == [
        "experiment: x",
        "best: trial 1, return 15.50",
        "configuration: algorithm.learning_rate = 0.0003",
        "runs: x-1-5 15.00, x-1-6 16.00",
        "best run: x-1-6, return 16.00",
    ]
    assert ended("best", NAME, "--json") == ExitCode.DONE
    found = json.loads(ended.out)
    assert (found["run"], found["scores"], found["registered"]) == (
        "x-1-6",
        {"x-1-5": 15.0, "x-1-6": 16.0},
        None,
    )


def test_best_registers_the_policy_of_the_best_run(ended: Desk) -> None:
    ended.facts.objects = ended.objects
    publish_once(ended, m.RunRequested(run="x-1-6", spec=SPEC))
    assert ended("best", NAME, "--register", "cartpole") == ExitCode.DONE
    assert ended.out.splitlines()[-1].startswith("cartpole/1: version 1 of x-1-6, return ")
    assert ended("models", "show", "cartpole/1", "--json") == ExitCode.DONE
    assert json.loads(ended.out)["run"] == "x-1-6"


def test_best_needs_an_experiment_with_a_score(desk: Desk, file: str) -> None:
    assert desk("best", "nobody") == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: there is no experiment 'nobody'")
    desk("start", file, "--run", "sweep")
    assert desk("best", "sweep") == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: no trial of sweep has a score yet")


def test_what_is_to_be_registered_has_a_name(ended: Desk) -> None:
    assert ended("best", NAME, "--register", "") == ExitCode.BAD_INPUT
    assert ended.err.startswith("faastrain: '' is no model's name")


def test_compare_needs_a_run_of_the_experiment(desk: Desk, file: str) -> None:
    """One that waits for its start, and one that was refused."""
    desk("start", file, "--run", "sweep")
    refused = m.ExperimentFailed(run="bad", reason="spec.space: found 3; allowed: a table")
    publish_once(desk, m.ExperimentRequested(run="bad", spec={"space": 3}), refused)
    for name in ("sweep", "bad"):
        assert desk("compare", name) == ExitCode.BAD_INPUT
        assert desk.err == (
            f"faastrain: {name} has no run to compare; `faastrain show {name}` tells more\n"
        )


def test_follow_tells_an_experiment_that_ended_long_ago(ended: Desk) -> None:
    assert ended("follow", NAME) == ExitCode.DONE
    assert "x-1-6: return 16.00 after 100 steps (budget)" in ended.out
    assert "completed: trials: 2 trials, 0 failed; best: trial 1 with 15.50" in ended.out


def test_stop_says_that_it_has_ended(ended: Desk) -> None:
    assert ended("stop", NAME) == ExitCode.DONE
    assert ended.out == "experiment x has ended already: trials\n"


@pytest.mark.parametrize("command", ["fetch", "resume", "export", "trace"])
def test_what_takes_a_run_alone_says_so(ended: Desk, command: str) -> None:
    assert ended(command, NAME, *["policy.npz"][: command == "export"]) == ExitCode.BAD_INPUT
    assert ended.err.startswith("faastrain: x is an experiment, whose runs are called x-TRIAL-")


@pytest.mark.parametrize(
    "command", [("gate", "--min-return", "1"), ("models", "trigger", "cartpole@champion")], ids=str
)
def test_what_takes_a_run_s_specification_alone_says_so(
    desk: Desk, file: str, command: tuple[str, ...]
) -> None:
    assert desk(*command, file) == ExitCode.BAD_INPUT
    assert desk.err == (
        f"faastrain: {file}: has a table `space`, so it is an experiment's specification; allowed "
        "here: a run's. `faastrain train` and `faastrain start` take either\n"
    )
    assert desk.facts.log == []


def test_start_publishes_the_request_of_an_experiment_as_it_was_written(
    desk: Desk, file: str
) -> None:
    assert desk("start", file, "--run", "sweep", "--set", "at_once=2") == ExitCode.DONE
    assert desk.out == "sweep\n"
    ((subject, record),) = desk.facts.log
    assert subject == "ftg.experiment.requested.sweep"
    assert record.fact == m.ExperimentRequested(run="sweep", spec={**EXPERIMENT, "at_once": 2})


def test_stop_publishes_the_request_to_stop(desk: Desk, file: str) -> None:
    desk("start", file, "--run", "sweep")
    assert desk("stop", "sweep") == ExitCode.DONE
    assert desk.facts.log[-1][0] == "ftg.experiment.stop-requested.sweep"


def test_a_budget_is_that_of_every_run(desk: Desk, file: str) -> None:
    assert desk("start", file, "--run", "sweep", "--budget", "77") == ExitCode.DONE
    (_, record) = desk.facts.log[0]
    assert record.fact.spec["run"]["stop"]["env_steps"] == 77


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--set", "run.stop.env_steps=-1"], "sweep.json: spec.run.stop.env_steps: found -1"),
        (
            ["--set", 'run.environment.id="CartPole-v9"'],
            "sweep.json: spec.run.environment.id: no environment 'CartPole-v9'",
        ),
        (
            [
                *("--set", "scheduler.name=population", "--set", "scheduler.every=64"),
                *("--set", "run.retention.versions=3"),
            ],
            "sweep.json: spec.run.retention.versions: found 3; allowed: null, for members",
        ),
        (["--csv", "numbers.csv"], "--csv: takes the numbers of one run"),
        (["--run", "a" * 60], "the experiment's name: found 60 characters; allowed: at most 59"),
    ],
)
def test_bad_input_starts_nothing(desk: Desk, file: str, change: list[str], words: str) -> None:
    command = "train" if "--csv" in change else "start"
    assert desk(command, file, *change) == ExitCode.BAD_INPUT
    assert desk.err.startswith(f"faastrain: {words}")
    assert desk.facts.log == []


@pytest.mark.parametrize("run", ["sweep", "sweep-1-6"])
def test_an_experiment_takes_no_name_of_a_run(desk: Desk, file: str, run: str) -> None:
    publish_once(desk, m.RunRequested(run=run, spec=SPEC))
    assert desk("start", file, "--run", "sweep") == ExitCode.BAD_INPUT
    assert desk.err.startswith(f"faastrain: there is a run {run!r} already")


@pytest.mark.parametrize("run", [NAME, "x-7-7"])
def test_a_run_takes_no_name_of_an_experiment(ended: Desk, spec: str, run: str) -> None:
    assert ended("start", spec, "--run", run) == ExitCode.BAD_INPUT
    assert ended.err.startswith("faastrain: there is an experiment 'x' already")
