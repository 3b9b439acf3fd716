import io
import json
import re

import msgspec
import pytest

from faastraingym.cli.live import LiveView, bar_length, replica_line, signs
from faastraingym.cli.screen import Screen, printable
from faastraingym.cli.summary import print_summary, rows
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.events.views.run import Watched
from faastraingym.events.views.runs import RunRow
from faastraingym.schemas.messages import RunRequested
from tests.cli.facts import NOW, RUN, SPEC, beginning, completed, policy, records, usage


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_text_can_command_the_terminal() -> None:
    """Escape sequences of a function's log lose their escape; lines and tabs stay."""
    assert printable("\x1b[31mred\x07\r\x9b2J\tTab\nß") == "[31mred2J\tTab\nß"
    screen = Screen(io.StringIO(), io.StringIO())
    screen.line("\x1b]0;title\x07")
    screen.remark("\x1b[2J")
    assert screen.out.getvalue() + screen.err.getvalue() == "]0;title\n[2J\n"


def test_json_is_one_document() -> None:
    """Structs too; the other form is one line."""
    screen = Screen(io.StringIO(), io.StringIO())
    row = RunRow(
        run_id="a",
        status="running",
        reason="",
        algorithm="ppo",
        environment="CartPole-v1",
        versions=1,
        env_steps=2,
        evaluation=None,
        requested_at=3.0,
        wall_seconds=4.0,
    )
    screen.json([row])
    assert json.loads(screen.out.getvalue())[0]["evaluation"] is None
    screen.json_line({"a": "x\ny"})
    assert screen.out.getvalue().splitlines()[-1] == '{"a":"x\\ny"}'


def test_a_summary_on_a_terminal_has_the_same_facts() -> None:
    """Tables, nothing cut off, markup of user's texts not obeyed."""
    told = records(RunRequested(run=RUN, spec=SPEC), *beginning(), completed("target"))
    report = build(RUN, fold(told), [usage("rollout", 2.0, True)], NOW)
    screen = Screen(Terminal(), io.StringIO())
    print_summary(screen, report)
    shown = screen.out.getvalue()
    for fact in (
        RUN,
        "480.50 ± 12.25",
        "ab" * 32,
        f"s3://test/runs/{RUN}/report.json",
        "GB-seconds",
    ):
        assert fact in shown


def test_the_live_view_shows_bar_numbers_and_replicas() -> None:
    """What it drew last; a notice is shown until the next."""
    screen = Screen(Terminal(), io.StringIO())
    run = Watched(run=RUN)
    with LiveView(screen, RUN) as view:
        for record in records(RunRequested(run=RUN, spec=SPEC), *beginning()):
            view.show(run.add([record]).view, record)
        view.replicas({"rollout": 2, "evaluate": 0})
        view.notice("[bold]the stack does not answer\x1b[2J")
    drawn = screen.out.getvalue()
    assert "64 of 128 steps" in drawn
    assert "evaluation 480.50" in drawn
    assert "replicas: rollout 2" in drawn
    assert "[bold]the stack does not answer[2J" in drawn


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "vt100"}])
def test_without_colours_a_bar_is_a_bar(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done and what is to do differ by their signs."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = Screen(Terminal(), io.StringIO())
    with LiveView(screen, RUN) as view:
        run = Watched(run=RUN)
        for record in records(RunRequested(run=RUN, spec=SPEC), *beginning()):
            view.show(run.add([record]).view, record)
    plain = re.sub(r"\x1b\[[0-9;?]*\w", "", screen.out.getvalue())  # type: ignore[attr-defined]
    assert "━" * 20 + "·" * 20 in plain
    if "NO_COLOR" in variables:
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", screen.out.getvalue())  # type: ignore[attr-defined]


def test_a_bar_is_no_longer_than_its_place() -> None:
    assert [bar_length(done, 128) for done in (0, 64, 128, 500)] == [0, 20, 40, 40]
    assert bar_length(5, 0) == 0
    assert (signs("ascii"), signs("latin-1"), signs(None)) == (("#", "-"), ("#", "-"), ("━", "·"))


def test_replicas_in_words() -> None:
    """None at work, and nobody to ask."""
    assert replica_line({"rollout": 0}) == "replicas: none"
    assert replica_line(None) == "replicas: the gateway does not answer"


def test_a_summary_does_not_contradict_itself() -> None:
    """A later version was better, and training went on while the reported one was evaluated."""
    later = [msgspec.structs.replace(f, policy=policy(3)) for f in beginning()[3:4]]
    worse = [
        msgspec.structs.replace(beginning()[4], policy=policy(v), return_mean=mean)
        for v, mean in ((0, 20.0), (3, 500.0), (2, 100.0))
    ]
    told = records(
        RunRequested(run=RUN, spec=SPEC), *beginning(), *later, *worse, completed("target")
    )
    found = dict(rows(build(RUN, fold(told), [], NOW)))
    assert found["evaluation"] == "480.50 ± 12.25 over 20 episodes"
    assert found["best evaluation"] == "500.00, of version 3"
    assert found["versions"] == "1; training reached 3 while evaluations ran"
    assert found["evaluations"].endswith("first 20.0, best 500.0, last 500.0")
    assert found["speed"] == f"{3 * 64 / 10:,.0f} steps/s"
