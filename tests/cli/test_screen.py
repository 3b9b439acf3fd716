import io
import json

import msgspec

from faastraingym.cli.screen import Screen
from faastraingym.cli.summary import print_summary, rows
from faastraingym.client.text import printable
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.events.views.runs import RunRow
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import NOW, RUN, SPEC, beginning, completed, policy, records, usage
from tests.client.terminal import Terminal


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
