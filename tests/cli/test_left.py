"""Nobody reads the output any more, or a person presses Ctrl-C: what a command leaves."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from faastraingym import train
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.main import main
from faastraingym.cli.screen import Screen, silence
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.async_run import AsyncRun
from tests.cli.conftest import Desk
from tests.client.facts import SPEC


@pytest.fixture
def spec(desk: Desk) -> str:
    desk.facts.objects = desk.objects
    return desk.write("cartpole.json", json.dumps(SPEC))


@pytest.fixture
def closed() -> Iterator[io.TextIOWrapper]:
    """A pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        yield stream
        silence(stream)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_train_writes_its_results_though_nobody_reads(
    desk: Desk, spec: str, closed: io.TextIOWrapper, more: list[str]
) -> None:
    said = io.StringIO()
    argv = ["train", spec, "--run", "mine", *more]
    assert main(argv, desk.client(), Screen(closed, said)) == ExitCode.DONE
    assert (desk.folder / "runs" / "mine" / "policy.npz").is_file()
    assert said.getvalue().endswith("results are in runs/mine\n")


def test_train_writes_its_results_though_both_streams_are_closed(
    desk: Desk, spec: str, closed: io.TextIOWrapper
) -> None:
    argv = ["train", spec, "--run", "mine"]
    assert main(argv, desk.client(), Screen(closed, closed)) == ExitCode.DONE
    assert (desk.folder / "runs" / "mine" / "policy.npz").is_file()


def test_gate_and_a_followers_logger_write_their_files(
    desk: Desk, spec: str, closed: io.TextIOWrapper
) -> None:
    argv = ["gate", spec, "--run", "mine", "--junit", "gate.xml"]
    assert main(argv, desk.client(), Screen(closed, closed)) == ExitCode.DONE
    assert "<testcase" in (desk.folder / "gate.xml").read_text()
    argv = ["follow", "mine", "--csv", "numbers.csv"]
    assert main(argv, desk.client(), Screen(closed, io.StringIO())) == ExitCode.DONE
    assert (desk.folder / "numbers.csv").stat().st_size


def test_train_of_python_goes_on_too(
    desk: Desk, spec: str, closed: io.TextIOWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.reconfigure(write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", closed)
        train(spec, name="mine", client=desk.client())
    assert Path("runs", "mine", "policy.npz").is_file()


def interrupting(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, method, interrupted)


@pytest.mark.parametrize("command", ["train", "start", "gate"])
@pytest.mark.parametrize(
    ("owner", "method", "said"),
    [
        (AsyncClient, "prepare", "faastrain: interrupted: nothing was started"),
        (
            AsyncClient,
            "start",
            "faastrain: interrupted: `faastrain show mine` tells whether run mine was started",
        ),
        (
            AsyncRun,
            "follow",
            "faastrain: the run continues; `faastrain follow mine` watches it again, "
            "`faastrain stop mine` ends it",
        ),
    ],
)
def test_ctrl_c_tells_in_a_line_what_goes_on(
    desk: Desk,
    spec: str,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    owner: type,
    method: str,
    said: str,
) -> None:
    if (command, method) == ("start", "follow"):
        return  # it does not
    interrupting(monkeypatch, owner, method)
    assert desk(command, spec, "--run", "mine") == ExitCode.INTERRUPTED
    assert desk.err.splitlines() == [said]
    assert not (desk.folder / "runs").exists()
