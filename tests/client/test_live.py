"""A followed run on a terminal."""

import re

import msgspec
import pytest

from faastraingym.client.live import LiveView, signs
from faastraingym.client.progress import Drawn
from faastraingym.events.views.run import Watched
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import RUN, SPEC, beginning, records
from tests.client.terminal import Terminal


def test_the_live_view_shows_bar_numbers_and_replicas() -> None:
    """What it drew last; a notice is shown until the next."""
    out = Terminal()
    run = Watched(run=RUN)
    with LiveView(out, RUN) as view:
        for record in records(RunRequested(run=RUN, spec=SPEC), *beginning()):
            view.show(run.add([record]).view, record)
        view.replicas({"rollout": 2, "evaluate": 0})
        view.notice("[bold]the stack does not answer\x1b[2J")
    drawn = out.getvalue()
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
    out = Terminal()
    with LiveView(out, RUN) as view:
        run = Watched(run=RUN)
        for record in records(RunRequested(run=RUN, spec=SPEC), *beginning()):
            view.show(run.add([record]).view, record)
    plain = re.sub(r"\x1b\[[0-9;?]*\w", "", out.getvalue())
    assert "━" * 20 + "·" * 20 in plain
    if "NO_COLOR" in variables:
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", out.getvalue())


def at(steps: int | None, budget: float | None) -> Drawn:
    """A run that has taken so many steps."""
    found = Drawn(RUN)
    found.run = msgspec.structs.replace(found.run, env_steps=steps, budget=budget)
    return found


def test_a_bar_is_no_longer_than_its_place() -> None:
    assert [at(done, 128.0).done for done in (None, 0, 64, 128, 500)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert at(5, None).done == 0.0
    assert (signs("ascii"), signs("latin-1"), signs(None)) == (("#", "-"), ("#", "-"), ("━", "·"))


def test_replicas_in_words() -> None:
    """None at work, and nobody to ask."""
    found = Drawn(RUN)
    found.replicas({"rollout": 0})
    assert found.working == "replicas: none"
    found.replicas(None)
    assert found.working == "replicas: the gateway does not answer"
