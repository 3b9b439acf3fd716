"""`faastrain trace` on a run of two iterations."""

import json

import pytest
from matplotlib.image import imread
from msgspec.structs import replace

from faastraingym.cli.commands.trace import around, select
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.trace_picture import COLOURS
from faastraingym.events.views.invocations import KINDS
from faastraingym.events.views.iterations import Iteration
from tests.cli.conftest import Desk
from tests.events import facts
from tests.events.traced import SAID, USAGE, publish_once


@pytest.fixture
def traced(desk: Desk) -> Desk:
    desk.facts.log = [(f"ftg.run.requested.{facts.RUN}", record) for record in SAID]
    desk.facts.metered = list(USAGE)
    return desk


def test_it_prints_medians_and_draws(traced: Desk) -> None:
    """Into RUN.svg, unless told otherwise."""
    assert traced("trace", facts.RUN) == ExitCode.DONE
    assert not traced.err
    head, *lines = traced.out.splitlines()
    assert head == (
        "2 iterations, from version 0 to 2: median 80.00 ms, longest 100.00 ms; overhead 56%"
    )
    assert "update\t27.50\t32.5%\t40.00\t27.50" in lines
    assert "rollout\t10.00\t11.50" in lines
    assert lines[-1] == "r.svg"
    assert (traced.folder / "r.svg").read_text().startswith("<?xml")


def test_json_has_the_numbers_and_the_files(traced: Desk) -> None:
    """Pictures and the trace for Perfetto may be asked for together."""
    files = ("t.svg", "t.png", "t.json")
    options = [word for name in files for word in ("--out", name)]
    assert traced("trace", facts.RUN, "--json", "--versions", "1:2", *options) == 0, traced.err
    told = json.loads(traced.out)
    assert (told["run_id"], told["files"]) == ("r", list(files))
    assert (told["first"], told["last"], told["iterations"], told["median_ms"]) == (1, 2, 1, 60.0)
    assert {row["kind"] for row in told["kinds"]} >= {"environment", "update", "hop", "stage"}
    picture = imread(traced.folder / "t.png")
    assert picture.shape[1] > 1000
    assert json.loads((traced.folder / "t.json").read_text())["traceEvents"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--versions", "7:9"), "--versions 7:9: run r has the versions 0:2"),
        (("--versions", "2:1"), "give two versions, the smaller one first, as 10:20"),
        (("--versions", "all"), "give two versions, the smaller one first, as 10:20"),
        (("--out", "t.pdf"), "t.pdf: give a picture the suffix .svg or .png, and a trace for"),
        (("--out", "nowhere/t.svg"), "there is no folder nowhere; make it first"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_what_to_do(traced: Desk, options, said: str) -> None:
    """And nothing is written."""
    assert traced("trace", facts.RUN, *options) == ExitCode.BAD_INPUT
    assert said in traced.err
    assert not list(traced.folder.glob("*.svg"))


def test_of_an_old_run_it_is_said_that_nobody_knows_its_causes(traced: Desk) -> None:
    """It was metered before invocations told their parents; what it did is told all the same."""
    traced.facts.metered = [replace(one, traceparent="", parent="") for one in USAGE]
    assert traced("trace", facts.RUN) == ExitCode.DONE
    assert "recorded before invocations told what caused them" in traced.err
    assert "update\t27.50\t32.5%\t40.00\t27.50" in traced.out.splitlines()
    assert "unmetered\t38.00\t49.0%\t43.00\t0.00" in traced.out.splitlines()


def test_an_unknown_run_is_named(traced: Desk) -> None:
    """As every reading command does."""
    assert traced("trace", "s") == ExitCode.BAD_INPUT
    assert "there is no run 's'" in traced.err


def test_a_run_without_an_update_has_nothing_to_trace(traced: Desk) -> None:
    """It has only begun."""
    traced.facts.log = traced.facts.log[:4]
    assert traced("trace", facts.RUN) == ExitCode.BAD_INPUT
    assert "no iteration yet" in traced.err
    assert "faastrain follow r" in traced.err


def test_too_many_iterations_are_no_picture(traced: Desk) -> None:
    """Perfetto takes them all."""
    said = publish_once(
        *((v, fact) for v in range(60) for fact in (facts.updated(v), facts.ready(v)))
    )
    traced.facts.log = [(f"ftg.run.requested.{facts.RUN}", record) for record in said]
    traced.facts.metered = []
    assert traced("trace", "r", "--versions", "0:59") == ExitCode.BAD_INPUT
    assert "59 iterations cannot be told apart" in traced.err
    assert traced("trace", "r", "--versions", "0:59", "--out", "t.json") == ExitCode.DONE


def test_five_around_the_median_are_drawn() -> None:
    """Also where it is the first or the last, or where there are fewer."""

    def drawn(*lengths: float) -> list[int]:
        found = [Iteration(i, 0.0, length, ()) for i, length in enumerate(lengths)]
        return [one.version for one in around(select("r", found, None))]

    assert drawn(9, 9, 9, 2, 1, 3, 1, 1, 1, 4, 5) == [3, 4, 5, 6, 7]
    assert drawn(3, 1, 1, 1, 9, 9, 9) == [0, 1, 2, 3, 4]
    assert drawn(1, 2) == [0, 1]


def test_every_kind_has_a_colour_of_its_own() -> None:
    """The legend is read by it."""
    assert COLOURS.keys() == KINDS.keys()
    assert len(set(COLOURS.values())) == len(KINDS)
