"""`faastrain logs RUN`: one run's lines out of what all functions wrote."""

import json

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client.errors import StackTrouble
from faastraingym.client.gateway import LogLine
from faastraingym.schemas.messages import RunRequested
from tests.cli.conftest import Desk


def wrote(function: str, second: int, **fields: object) -> LogLine:
    """A line of JSON, or, without fields, what some library printed."""
    text = json.dumps({"level": "info", "message": "done", **fields}) if fields else "hello"
    at = f"2026-11-22T17:15:{second:02}Z"
    return LogLine(name=function, instance=f"{function}-1", timestamp=at, text=text)


@pytest.fixture
async def run(desk: Desk) -> str:
    """A run of which two functions wrote, among much else."""
    await desk.facts.publish_once(RunRequested(run="mine", spec={}))
    desk.gateway.lines = {
        "evaluate": [
            wrote("evaluate", 3, run="mine", heard="evaluate-policy", version=2),
            wrote("evaluate", 5, run="another"),
        ],
        "rollout": [
            wrote("rollout", 1, run="mine", heard="collect-rollout", version=1, index=0),
            wrote("rollout", 2),
            wrote("rollout", 4, run="mine", status=500, level="error", exception="Traceback: no"),
        ],
    }
    desk.gateway.coming = {"rollout": [wrote("rollout", 9, run="mine", version=9)]}
    return "mine"


def test_lines_of_all_functions_come_in_the_order_of_time(desk: Desk, run: str) -> None:
    """Without what others wrote; a traceback goes with its line."""
    assert desk("logs", run) == ExitCode.DONE
    first, second, third, traceback = desk.out.splitlines()
    assert first.split() == [
        "17:15:01.000", "info", "rollout", "done", "heard=collect-rollout", "version=1", "index=0"
    ]  # fmt: skip
    assert "evaluate " in second
    assert "error" in third
    assert traceback == "Traceback: no"


def test_json_is_what_was_written(desk: Desk, run: str) -> None:
    """One document a line; --tail counts the run's lines."""
    assert desk("logs", run, "--json", "--tail", "2") == ExitCode.DONE
    found = [json.loads(line) for line in desk.out.splitlines()]
    assert [one.get("version") for one in found] == [2, None]


def test_following_tells_what_comes_and_nothing_twice(desk: Desk, run: str) -> None:
    """Until the gateway ends it, or Ctrl-C."""
    assert desk("logs", run, "--follow", "--json") == ExitCode.DONE
    found = [json.loads(line).get("version") for line in desk.out.splitlines()]
    assert found == [1, 2, None, 9]


def test_a_gateway_that_breaks_off_is_told(desk: Desk, run: str) -> None:
    """By the command, though a thread heard it."""
    known = desk.gateway.logs

    def breaking(name: str, follow: bool, tail: int, since: str):  # type: ignore[no-untyped-def]
        yield from known(name, follow, tail, since)
        if follow:
            raise StackTrouble("the log broke off")

    desk.gateway.logs = breaking  # type: ignore[method-assign]
    assert desk("logs", run, "--follow") == ExitCode.STACK_TROUBLE
    assert desk.err == "faastrain: the log broke off\n"


@pytest.mark.parametrize(
    ("name", "near"), [("mien", "mine"), ("rolout", "rollout"), ("No One", "")]
)
def test_a_name_that_is_neither_is_told(desk: Desk, run: str, name: str, near: str) -> None:
    """With the nearest of both kinds."""
    assert desk("logs", name) == ExitCode.BAD_INPUT
    assert "no function and no run" in desk.err
    assert near in desk.err
