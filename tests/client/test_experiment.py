"""Experiments in Python, on a stack in memory."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faastraingym import BadInput, Client, Experiment, RunFailed, StackTrouble
from faastraingym.schemas import messages as m
from tests.client.compared import put, settings
from tests.client.facts import SPEC
from tests.client.memory import Stack
from tests.events.experiments.acting_out import NAME, Log, calm

RATES = {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 3e-4]}}
EXPERIMENT: dict[str, Any] = {"run": SPEC, "space": RATES, "seeds": [5, 6]}


def score(trial: int, seed: int, rung: int) -> float | None:
    return 10.0 * trial + seed


def publish(stack: Stack, *facts: m.Message) -> None:
    async def each() -> None:
        for fact in facts:
            await stack.facts.publish_once(fact)

    asyncio.run(each())


@pytest.fixture
def ended(stack: Stack, client: Client) -> Experiment:
    """An experiment of two trials, which has ended."""
    publish(stack, *(record.fact for record in calm(Log(EXPERIMENT), score).records))
    return client.experiment(NAME)


def test_a_table_is_started_as_it_is_written(client: Client, stack: Stack) -> None:
    """Numbers of NumPy are numbers."""
    rates = {"kind": "choice", "values": np.array([0.5, 0.25])}
    made = {**EXPERIMENT, "space": {"algorithm.learning_rate": rates}}
    assert repr(client.start_experiment(made, name="sweep")) == "<Experiment sweep>"
    ((_, record),) = stack.facts.log
    plain = {"algorithm.learning_rate": {"kind": "choice", "values": [0.5, 0.25]}}
    assert record.fact == m.ExperimentRequested(run="sweep", spec={**EXPERIMENT, "space": plain})
    assert client.experiment("sweep").status == "requested"
    assert stack.started > 0


def test_a_file_names_its_experiment(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_text(json.dumps(EXPERIMENT))
    assert client.start_experiment(file).name.startswith("rates-")


def test_the_report_has_the_trials(ended: Experiment, client: Client) -> None:
    report = ended.report()
    assert [(row.trial, row.state, row.score) for row in report.rows] == [
        (0, "completed", 5.5),
        (1, "completed", 15.5),
    ]
    assert (ended.status, report.reason) == ("completed", "trials")
    assert [row.experiment_id for row in client.experiments()] == [NAME]


def test_the_best_trial_has_its_runs(ended: Experiment) -> None:
    best = ended.best
    assert (best.trial, best.score) == (1, 15.5)
    assert best.settings == {"algorithm.learning_rate": 3e-4}
    assert best.run.name == "x-1-6"
    assert [run.name for run in best.runs] == ["x-1-5", "x-1-6"]


def test_of_equal_runs_that_of_the_first_seed_is_the_best(stack: Stack, client: Client) -> None:
    publish(stack, *(r.fact for r in calm(Log(EXPERIMENT), lambda *_: 7.0).records))
    assert client.experiment(NAME).best.run.name == "x-0-5"


def test_runs_are_those_that_were_asked_for(ended: Experiment, stack: Stack) -> None:
    """By trial and seed, and by whom they belong to."""
    for run, member in (("x-10-5", (10, 5)), ("x-1-6", (1, 6)), ("x-1-5", (1, 5))):
        belongs = m.Membership(name=NAME, trial=member[0], seed=member[1])
        publish(stack, m.RunRequested(run=run, spec=SPEC, experiment=belongs))
    publish(stack, m.RunRequested(run="other", spec=SPEC))
    assert [run.name for run in ended.runs()] == ["x-1-5", "x-1-6", "x-10-5"]


def test_its_runs_are_compared(ended: Experiment, stack: Stack) -> None:
    for trial, rate in enumerate((1e-3, 3e-4)):
        for seed in (5, 6):
            made = settings(seed, learning_rate=rate)
            asyncio.run(put(stack, f"x-{trial}-{seed}", made, (1.0, float(trial))))
    found = ended.compare()
    assert found.best.runs == ["x-1-5", "x-1-6"]


def test_following_prints_a_line_for_each_fact(
    ended: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended.follow().status == "completed"
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("s  requested")
    assert told[-1].endswith("completed: trials: 2 trials, 0 failed; best: trial 1 with 15.50")
    assert ended.wait() == ended.report()
    assert capsys.readouterr().out == ""


def test_an_experiment_that_failed_is_raised(stack: Stack, client: Client) -> None:
    publish(stack, m.ExperimentRequested(run="bad", spec={}))
    publish(stack, m.ExperimentFailed(run="bad", reason="spec.space: is empty"))
    with pytest.raises(RunFailed, match=r"^bad: spec\.space: is empty$"):
        client.experiment("bad").wait()


def test_stopping_asks_for_the_end_of_one_that_goes_on(stack: Stack, client: Client) -> None:
    experiment = client.start_experiment(EXPERIMENT, name="sweep")
    experiment.stop()
    assert stack.facts.log[-1][1].fact == m.ExperimentStopRequested(run="sweep")
    assert experiment.status == "stopping"


def test_what_is_missing_is_said(stack: Stack, client: Client) -> None:
    nobody = client.experiment("nobody")
    for ask in (nobody.report, nobody.runs, nobody.compare, nobody.wait, nobody.stop):
        with pytest.raises(BadInput, match="there is no experiment 'nobody'"):
            ask()
    begun = client.start_experiment(EXPERIMENT, name="sweep")
    assert begun.runs() == []
    with pytest.raises(BadInput, match="no trial of sweep has a score yet"):
        begun.best  # noqa: B018
    with pytest.raises(BadInput, match="there is an experiment 'sweep' already"):
        client.start_experiment(EXPERIMENT, name="sweep")
    stack.up = False
    with pytest.raises(StackTrouble, match="no stack runs here"):
        begun.report()


def test_a_wrong_setting_is_named_by_its_path(client: Client, stack: Stack) -> None:
    wrong = {**EXPERIMENT, "run": {**SPEC, "stop": {"env_steps": -1}}}
    with pytest.raises(BadInput, match=r"^spec: spec\.run\.stop\.env_steps: found -1"):
        client.start_experiment(wrong)
    assert stack.facts.log == []
