"""Loggers at the command line: while a run is followed, and afterwards."""

import csv
import json
import sys
import tomllib

import pytest

from faastraingym.cli.command import Command
from faastraingym.cli.command_table import COMMANDS
from faastraingym.loggers import csv_file
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import KINDS
from tests.checkout import CHECKOUT
from tests.cli.conftest import Desk
from tests.client.facts import SPEC

NUMBERS = 9 + 3  # of its one update, and of its one evaluation


@pytest.fixture
def spec(desk: Desk) -> str:
    return desk.write("spec.json", json.dumps(SPEC))


def told(desk: Desk, name: str = "p.csv") -> list[dict[str, str]]:
    with (desk.folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_logged_while_it_is_followed(desk: Desk, spec: str) -> None:
    """By as many loggers as are named; what is printed is as without them."""
    where = ("--no-files", "--csv", "p.csv", "--jsonl", "p.jsonl")
    assert desk("train", spec, "--run", "one", *where) == 0
    update, evaluation = told(desk)
    assert (update["run"], update["step"], update["rollout/ep_rew_mean"]) == ("one", "64", "20.0")
    assert (evaluation["step"], evaluation["eval/mean_reward"]) == ("64", "480.5")
    assert len((desk.folder / "p.jsonl").read_text().splitlines()) == 2
    with_loggers = desk.out
    desk("follow", "one")
    assert set(desk.out.splitlines()) <= set(with_loggers.splitlines())
    assert desk.err == ""


def test_what_is_missing_is_written_afterwards_and_only_that(desk: Desk, spec: str) -> None:
    desk("train", spec, "--run", "one")
    assert desk("export-metrics", "one", "--csv", "p.csv") == 0
    assert desk.out == f"csv: {NUMBERS} numbers written to p.csv\n"
    whole = told(desk)
    lines = (desk.folder / "p.csv").read_text().splitlines(keepends=True)
    desk.write("p.csv", "".join(lines[:-1]))
    assert desk("export-metrics", "one", "--csv", "p.csv", "--json") == 0
    assert json.loads(desk.out) == {"run_id": "one", "written": {"csv": 3}}
    assert told(desk) == whole
    assert desk("follow", "one", "--csv", "p.csv") == 0
    assert told(desk) == whole


def test_a_place_is_needed(desk: Desk, spec: str) -> None:
    desk("train", spec, "--run", "one")
    assert desk("export-metrics", "one") == 3
    assert desk.err == (
        "faastrain: name where the numbers go: one or more of --tensorboard DIR, --wandb PROJECT, "
        "--mlflow URI, --csv FILE, --jsonl FILE\n"
    )
    assert desk("export-metrics", "nobody", "--csv", "p.csv") == 3
    assert not (desk.folder / "p.csv").exists()


def test_a_logger_that_cannot_write_is_said_before_anything_is_published(
    desk: Desk, spec: str
) -> None:
    assert desk("train", spec, "--run", "one", "--csv", "nowhere/p.csv") == 4
    assert desk.err == ("faastrain: nowhere/p.csv: No such file or directory; name another file\n")
    desk("runs", "--json")
    assert desk.out == "[]\n"


def test_a_logger_that_fails_later_does_not_end_the_following(
    desk: Desk, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was missed is written by the command that is told."""

    def full(self: object, rows: object) -> None:
        raise CannotWrite("p.csv: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(csv_file.CsvFile, "write", full)
        assert desk("train", spec, "--run", "one", "--no-files", "--csv", "p.csv") == 0
    assert desk.err == (
        "faastrain: csv gets no more numbers: p.csv: No space left on device\n"
        "`faastrain export-metrics one --csv p.csv` writes what is missing\n"
    )
    assert desk("export-metrics", "one", "--csv", "p.csv") == 0
    assert f" {NUMBERS} numbers" in desk.out


def test_an_extra_that_is_not_installed_is_said(
    desk: Desk, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that brings it."""
    for name in ("tensorboardX", "faastraingym.loggers.tensorboard_files"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert desk("train", spec, "--tensorboard", "tb") == 4
    assert 'is not installed; `pip install "faastraingym[tensorboard]"` brings it' in desk.err


def test_every_extra_is_declared_and_every_logger_is_an_option() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert {kind.extra for kind in KINDS if kind.extra} <= set(extras)
    heavy = ("tensorboard", "wandb", "mlflow")
    assert not [line for line in project["dependencies"] if line.lower().startswith(heavy)]
    assert not [line for line in extras["dev"] if line.lower().startswith(heavy)]
    lock = (CHECKOUT / "requirements.lock").read_text().lower().splitlines()
    assert not [line for line in lock if line.startswith(heavy)]
    for name in ("train", "follow", "export-metrics"):
        command = next(c for c in COMMANDS if isinstance(c, Command) and c.name == name)
        flags = [argument.flags[0] for argument in command.arguments]
        assert [f"--{kind.name}" for kind in KINDS] == [f for f in flags if f[2:] in _names()]


def _names() -> set[str]:
    return {kind.name for kind in KINDS}
