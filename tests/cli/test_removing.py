"""rm, typed on fakes."""

import json

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    ExperimentFailed,
    ExperimentRequested,
    Membership,
    RunRequested,
    TrialRequested,
)
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import RUN, SPEC


@pytest.fixture
def stored(desk: Desk) -> Desk:
    """Two runs that have ended, with objects."""
    desk.facts.objects = desk.objects
    publish_once(desk, RunRequested(run=RUN, spec=SPEC), RunRequested(run="two", spec=SPEC))
    return desk


def test_a_dry_run_lists_and_removes_nothing(stored: Desk) -> None:
    """Facts and objects by kind, with their bytes."""
    data, log = dict(stored.objects.data), list(stored.facts.log)
    assert stored("rm", RUN, "--dry-run") == ExitCode.DONE
    head, *rows, last = [line.split("\t") for line in stored.out.splitlines()]
    assert head == ["name", "what", "kind", "number", "bytes"]
    found = {(what, kind): (number, size) for _, what, kind, number, size in rows}
    policy = stored.objects.data[keys.policy(RUN, 1)]
    assert found["objects", "policies"] == ("1", f"{len(policy):,}")
    assert found["facts", "run.requested"][0] == "1"
    assert last[0].startswith(f"would remove run {RUN}: ")
    assert (stored.objects.data, stored.facts.log) == (data, log)


def test_runs_are_removed_and_others_stay(stored: Desk) -> None:
    assert stored("rm", RUN) == ExitCode.DONE
    assert stored.out.startswith(f"removed run {RUN}: ")
    assert [key for key in stored.objects.data if RUN in key] == [keys.removal(RUN)]
    assert stored("runs", "--json") == ExitCode.DONE
    assert [row["run_id"] for row in json.loads(stored.out)] == ["two"]
    assert stored("rm", RUN) == ExitCode.DONE
    assert stored.out == f"nothing is left of {RUN}\n"


def test_json_has_what_was_removed(stored: Desk) -> None:
    assert stored("rm", RUN, "two", RUN, "--json") == ExitCode.DONE
    first, second = json.loads(stored.out)
    assert (first["run_id"], second["run_id"]) == (RUN, "two")
    assert first["objects"]["report"]["number"] == 1
    assert stored("runs", "--json") == ExitCode.DONE
    assert json.loads(stored.out) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["show", RUN], f"{RUN} was removed"),
        (["follow", RUN], f"{RUN} was removed"),
        (["stop", RUN], f"{RUN} was removed"),
        (["resume", RUN], f"{RUN} was removed"),
        (["start", "cartpole.json", "--run", RUN], "a removed name is never used again"),
    ],
)
def test_a_removed_run_is_told_from_one_that_never_was(
    stored: Desk, spec: str, command: list[str], said: str
) -> None:
    assert stored("rm", RUN) == ExitCode.DONE
    assert stored(*command) == ExitCode.BAD_INPUT
    assert said in stored.err


def test_one_that_is_refused_keeps_all(stored: Desk) -> None:
    """An unknown one, or one that goes on, wherever it is named."""
    stored.facts.script = False
    publish_once(stored, RunRequested(run="going", spec=SPEC))
    log = list(stored.facts.log)
    assert stored("rm", RUN, "going") == ExitCode.BAD_INPUT
    assert "run going goes on; first `faastrain stop going`" in stored.err
    assert stored("rm", RUN, "nobody") == ExitCode.BAD_INPUT
    assert "there is no run 'nobody'" in stored.err
    assert stored("rm", "No run") == ExitCode.BAD_INPUT
    assert "is no run's name" in stored.err
    assert stored.facts.log == log


@pytest.fixture
def swept(stored: Desk) -> Desk:
    """And an experiment that has ended, with two runs, one of which was never asked for."""
    member = Membership(name="sweep", trial=0, seed=1)
    publish_once(
        stored,
        ExperimentRequested(run="sweep", spec={}),
        TrialRequested(
            run="sweep", trial=0, settings={}, origin={}, runs=["sweep-0-1", "sweep-0-2"]
        ),
        RunRequested(run="sweep-0-1", spec=SPEC, experiment=member),
        ExperimentFailed(run="sweep", reason="of the test"),
    )
    return stored


def test_an_experiment_is_removed_with_its_runs(swept: Desk) -> None:
    log = list(swept.facts.log)
    assert swept("rm", "sweep", "--dry-run") == ExitCode.DONE
    _, *rows, last = [line.split("\t") for line in swept.out.splitlines()]
    found = {(name, what, kind): number for name, what, kind, number, _ in rows}
    assert found["sweep", "facts", "run.requested"] == "1"
    assert found["sweep", "facts", "trial.requested"] == "1"
    assert found["sweep", "objects", "policies"] == "1"
    assert last[0].startswith("would remove experiment sweep with 2 runs: ")
    assert swept.facts.log == log
    assert swept("rm", "sweep", "--json") == ExitCode.DONE
    (told,) = json.loads(swept.out)
    assert (told["run_id"], told["runs"]) == ("sweep", ["sweep-0-1", "sweep-0-2"])
    left = [key for key in swept.objects.data if "sweep" in key]
    assert left == [keys.removal(name) for name in ("sweep", "sweep-0-1", "sweep-0-2")]
    assert swept("experiments", "--json") == ExitCode.DONE
    assert json.loads(swept.out) == []
    assert swept("runs", "--json") == ExitCode.DONE
    assert {row["run_id"] for row in json.loads(swept.out)} == {RUN, "two"}
    assert swept("rm", "sweep") == ExitCode.DONE
    assert swept.out == "nothing is left of sweep\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["show", "sweep"], "sweep was removed"),
        (["follow", "sweep"], "sweep was removed"),
        (["stop", "sweep"], "sweep was removed"),
        (["compare", "sweep"], "sweep was removed"),
        (["best", "sweep"], "sweep was removed"),
        (["start", "cartpole.json", "--run", "sweep"], "a removed name is never used again"),
        (["start", "cartpole.json", "--run", "sweep-0-2"], "a removed name is never used again"),
        (["rm", "going"], "experiment going goes on; first `faastrain stop going`"),
        (["rm", "sweep", "nobody"], "there is no run 'nobody'"),
    ],
)
def test_what_cannot_be_done_after_it_is_said(
    swept: Desk, spec: str, command: list[str], said: str
) -> None:
    assert swept("rm", "sweep") == ExitCode.DONE
    publish_once(swept, ExperimentRequested(run="going", spec={}))
    assert swept(*command) == ExitCode.BAD_INPUT
    assert said in swept.err
