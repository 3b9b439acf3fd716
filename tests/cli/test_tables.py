"""Tables on terminals of any width."""

import io

import pytest

from faastraingym.cli import letters
from faastraingym.cli.commands.reading import HEAD, NUMBERS, SPARE, cells_of
from faastraingym.cli.screen import Screen
from faastraingym.cli.tables import table
from faastraingym.events.views.dead_letters import DeadLetterRow
from faastraingym.events.views.runs import RunRow
from tests.client.facts import RUN
from tests.client.terminal import Terminal

LONG = "environment-with-a-very-long-name-20261122-171500-3fa2"
WHEN = "2026-11-22T17:15:00.000Z"


def drawn(head: tuple[str, ...], rows: list[tuple[str, ...]], numbers: tuple[str, ...]) -> list:
    return [line.plain for line in table(head, rows, numbers)]


@pytest.fixture(params=[20, 80, 200])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def test_columns_stand_below_each_other() -> None:
    """Numbers at their right; wide letters count twice."""
    assert drawn(("name", "n"), [("a", "1"), ("日本", "23")], ("n",)) == [
        "name   n",
        "a      1",
        "日本  23",
    ]


def test_only_the_last_text_gives_way(width: int) -> None:
    """To the terminal's width, but for a few columns that it always has."""
    rows = [(LONG, "why " * 60), ("b", "two\nlines\tand a tab")]
    head, first, second = drawn(("run", "reason"), rows, ())
    assert first.startswith(f"{LONG}  why")
    assert first.endswith("...")
    assert len(first) <= max(width, len(LONG) + 22)
    assert second.split() == ["b", "two", "lines", "and", "a", "tab"] or width == 20
    assert head.startswith("run")


def test_no_run_is_cut_and_no_reason_takes_two_lines(width: int) -> None:
    row = RunRow(
        run_id=LONG,
        status="failed",
        reason="the environment raised\nTraceback\n" + "x" * 300,
        algorithm="ppo",
        environment="SomeNamespace/SomeLongEnvironment-v5",
        seed=7,
        versions=1,
        env_steps=2,
        evaluation=None,
        requested_at=3.0,
        wall_seconds=4.0,
    )
    screen = Screen(Terminal(), io.StringIO())
    screen.table(HEAD, [cells_of(row)], NUMBERS, SPARE)
    head, told = screen.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert LONG in told
    assert "SomeNamespace/SomeLongEnvironment-v5" in told
    assert all(name in head for name in ("run", "status", "reason"))
    assert all((name in head) is (width == 200) for name in ("seed", "started", "steps"))
    assert ("1970-01-01T00:00:03Z" in told) is (width == 200)


def test_runs_fit_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns go in the order of how little they tell, and only as many as have no room."""
    monkeypatch.setenv("COLUMNS", "80")
    rows = [(RUN, "completed", "CartPole-v1", "1", WHEN, "87", "22272", "480.50", "61.9", "target")]
    lines = [line.plain for line in table(HEAD, rows, NUMBERS, SPARE)]
    assert lines[0].split() == ["run", "status", "environment", "steps", "return", "reason"]
    assert max(map(len, lines)) <= 80
    failed = [(*rows[0][:-1], "the environment raised ValueError: " + "x" * 90)]
    assert [len(line.plain) for line in table(HEAD, failed, NUMBERS, SPARE)][1] <= 80


def test_letters_are_dated_whole(width: int) -> None:
    row = DeadLetterRow(
        id=1,
        at=WHEN,
        function="rollout",
        run=LONG,
        what="collect-rollout, version 3, rollout 1",
        attempts=5,
        status=500,
        error="ValueError: " + "x" * 300,
    )
    screen = Screen(Terminal(), io.StringIO())
    screen.table(letters.HEAD, [letters.cells(row)], letters.NUMBERS, letters.SPARE)
    _, told = screen.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert (WHEN in told) is (width == 200)
    assert LONG in told
    assert told.endswith("...")
