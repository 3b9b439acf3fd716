"""rm, typed on fakes."""

import json

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested
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
