"""What every command prints fits the terminal."""

import io
import re

import pytest

from faastraingym.cli.folding import folded
from faastraingym.cli.main import main
from faastraingym.cli.screen import Screen
from tests.cli.conftest import Desk
from tests.client.facts import SPEC
from tests.client.terminal import Terminal

SHA = "ab" * 32


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_line_is_folded_between_words() -> None:
    """Further lines are indented; spaces within a line stay."""
    assert folded("short  line") == "short  line"
    assert folded("name      " + "word " * 20).splitlines() == [
        "name      " + " ".join(["word"] * 14),
        "    " + " ".join(["word"] * 6),
    ]
    assert folded(f"two\nlines {SHA} of more words").splitlines() == [
        "two",
        f"lines {SHA} of more",
        "    words",
    ]


def test_what_is_copied_stays_whole() -> None:
    """A command, a digest beside a long name, a path that is longer than the terminal."""
    command = "`faastrain export-metrics one --tensorboard tb`,"
    assert command in folded(f"a sentence that is about as long as a line is {command} and more")
    assert folded(f"policy SHA-256     {SHA}", 19).splitlines()[1] == f"{' ' * 16}{SHA}"
    path = "/" + "long/" * 30
    assert path in folded(f"it is in {path} now").split()


def test_a_wide_letter_counts_twice() -> None:
    assert [len(line) for line in folded("日本" * 15 + " " + "日本" * 15).splitlines()] == [30, 34]


@pytest.mark.parametrize("colourless", [False, True])
@pytest.mark.parametrize(
    "command",
    ["status", "doctor", "runs", "show one", "events one", "stop one", "env list", "dead list",
     "logs rollout", "show nobody", "no-such-command", "fetch one results", "gate one"],
)  # fmt: skip
def test_every_command_fits(
    desk: Desk, command: str, colourless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without colours; what has no spaces, as a path, may be longer alone on its line."""
    desk.facts.objects = desk.objects
    desk.client().start(SPEC, name="one")
    if colourless:
        monkeypatch.setenv("NO_COLOR", "1")
    out, err = Terminal(), Terminal()
    main(command.split(), desk.client(), Screen(out, err))
    lines = (out.getvalue() + err.getvalue()).replace("\x1b[1m", "").replace("\x1b[2m", "")
    for line in lines.replace("\x1b[0m", "").splitlines():
        assert len(line) <= 80 or " " not in line.strip(), line
        assert not (colourless and "\x1b[3" in line)


def test_events_have_their_day_once_on_a_terminal(desk: Desk) -> None:
    desk.client().start(SPEC, name="one")
    desk.printer = Terminal
    assert desk("events", "one") == 0
    day, first, *_ = desk.out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    assert re.match(r"\d\d:\d\d:\d\d  run\.requested        9 tables", first)
    assert desk.out.count(day) == 1


def test_a_file_and_a_pipe_get_whole_lines() -> None:
    out = io.StringIO()
    Screen(out, io.StringIO()).line("word " * 40)
    assert out.getvalue() == "word " * 40 + "\n"


def test_an_unanswered_question_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    desk.printer = Terminal
    assert desk("init", "mine") == 3
    assert "--environment and --algorithm answer, too" in desk.err
