"""Loggers from Python: while a run is followed, and afterwards."""

import csv
import sys
from pathlib import Path
from typing import Any

import pytest

from faastraingym import BadInput, Client, RunFailed, StackTrouble, train
from faastraingym.client.run import Run
from faastraingym.loggers import csv_file
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import KINDS
from tests.client.facts import SPEC
from tests.client.memory import Stack

NUMBERS = 9 + 3  # of its one update, and of its one evaluation
CSV = {"csv": "p.csv"}


@pytest.fixture
def run(client: Client) -> Run:
    """A run that has ended, without a logger."""
    return train(SPEC, name="one", client=client, files=None, progress=False)


def told(name: str = "p.csv") -> list[dict[str, str]]:
    with Path(name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("progress", [True, False])
def test_train_logs_while_the_run_goes_on(
    client: Client, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """By as many loggers as are named; a place may be a Path."""
    loggers = {"csv": Path("p.csv"), "jsonl": "p.jsonl"}
    train(SPEC, name="one", client=client, files=None, progress=progress, loggers=loggers)
    update, evaluation = told()
    assert (update["run"], update["step"], update["rollout/ep_rew_mean"]) == ("one", "64", "20.0")
    assert (evaluation["step"], evaluation["eval/mean_reward"]) == ("64", "480.5")
    assert len(Path("p.jsonl").read_text().splitlines()) == 2
    assert bool(capsys.readouterr().out) is progress


def test_what_is_missing_is_written_afterwards_and_only_that(run: Run) -> None:
    assert run.log(**CSV, jsonl=Path("p.jsonl")) == {"csv": NUMBERS, "jsonl": NUMBERS}
    whole = told()
    lines = Path("p.csv").read_text().splitlines(keepends=True)
    Path("p.csv").write_text("".join(lines[:-1]))
    assert run.log(**CSV) == {"csv": 3}
    assert run.log(**CSV) == {"csv": 0}
    assert told() == whole


def test_following_logs_too(run: Run) -> None:
    """From the first fact on, and nothing twice."""
    run.follow(loggers=CSV)
    whole = told()
    assert len(whole) == 2
    run.follow(CSV)
    assert told() == whole


async def test_asynchronous_callers_log(run: Run) -> None:
    assert await run.aio.log(csv="p.csv") == {"csv": NUMBERS}


def test_a_run_that_fails_is_logged(stack: Stack, client: Client) -> None:
    stack.facts.ending = "failed"
    with pytest.raises(RunFailed):
        train(SPEC, client=client, files=None, progress=False, loggers=CSV)
    assert len(told()) == 2


@pytest.mark.parametrize(
    ("loggers", "said"),
    [
        (
            {"tensorbord": "tb"},
            "loggers: there is no logger 'tensorbord'; there are "
            "tensorboard, wandb, mlflow, csv, jsonl",
        ),
        ({"csv": ""}, "loggers: csv is ''; name its FILE: a table with a column for each name"),
        ({"mlflow": None}, "loggers: mlflow is None; name its URI: "),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_a_logger_that_there_is_not_is_refused(
    stack: Stack, client: Client, run: Run, loggers: Any, said: str
) -> None:
    """Before anything starts."""
    before = list(stack.facts.log)
    for call in (
        lambda: train(SPEC, client=client, loggers=loggers),
        lambda: run.log(**loggers),
        lambda: run.follow(loggers),
    ):
        with pytest.raises(BadInput) as refusal:
            call()
        assert str(refusal.value).startswith(said)
    assert stack.facts.log == before


def test_a_logger_that_cannot_write_is_said_before_the_run_is_requested(
    stack: Stack, client: Client
) -> None:
    with pytest.raises(StackTrouble, match="No such file or directory; name another"):
        train(SPEC, client=client, loggers={"csv": "nowhere/p.csv"})
    assert (stack.started, stack.facts.log) == (0, [])


def test_a_logger_that_fails_later_is_a_warning_or_an_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is trained all the same; what was missed is written by what is named."""

    def full(self: object, rows: object) -> None:
        raise CannotWrite("p.csv: No space left on device")

    said = "csv gets no more numbers: p.csv: No space left on device; "
    with monkeypatch.context() as patch:
        patch.setattr(csv_file.CsvFile, "write", full)
        with pytest.warns(UserWarning, match="csv gets no more numbers") as warned:
            run = train(SPEC, client=client, files=None, progress=False, loggers=CSV)
        assert str(warned[0].message) == said + "Run.log(csv='p.csv') writes what is missing"
        with pytest.raises(StackTrouble) as trouble:
            run.log(**CSV)
        assert str(trouble.value) == said + "the same call writes what is missing"
    assert run.status == "completed"
    assert run.log(**CSV) == {"csv": NUMBERS}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.extra], ids=lambda kind: kind.name)
def test_an_extra_that_is_not_installed_is_said(
    kind: Any, stack: Stack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that brings it."""
    library = {"tensorboard": "tensorboardX"}.get(kind.name, kind.name)
    monkeypatch.delitem(sys.modules, f"faastraingym.loggers.{kind.module}", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(StackTrouble) as missing:
        train(SPEC, client=client, loggers={kind.name: "place"})
    said = str(missing.value)
    assert said.startswith(f"the logger {kind.name} needs the package {library}")
    assert said.endswith(f'; `pip install "faastraingym[{kind.extra}]"` brings it')
    assert stack.facts.log == []


def test_every_logger_is_described_where_it_is_named() -> None:
    assert [kind.name for kind in KINDS if f"`{kind.name}`" not in str(Run.log.__doc__)] == []
