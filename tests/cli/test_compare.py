"""`faastrain compare`, typed on fakes."""

import asyncio
import json

import pytest

from faastraingym.cli.exit_codes import ExitCode
from tests.cli.conftest import Desk
from tests.client.compared import put, settings


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """Two configurations, and a run of another environment."""

    async def fill() -> None:
        await put(desk, "a1", settings(1, 8.0, gamma=0.9), (3.0, 8.5), end="target")
        await put(desk, "a2", settings(2, 8.0, gamma=0.9), (3.0, 7.5))
        await put(desk, "b1", settings(1, 8.0, gamma=0.5), (1.0, 2.0))
        await put(desk, "bad", settings(2, 8.0, gamma=0.5), (), end="failed")
        other = {**settings(1), "environment": {"id": "Acrobot-v1"}}
        await put(desk, "other", other, (-90.0,))

    asyncio.run(fill())
    return desk


def test_a_row_for_each_configuration_the_best_first(filled: Desk) -> None:
    assert filled("compare", "b1", "bad", "a1", "a2") == ExitCode.DONE
    head, best, other, *rest = filled.out.splitlines()
    assert head.split("\t")[:4] == ["no.", "gamma", "runs", "mean"]
    assert best.split("\t")[:6] == ["1", "0.9", "2", "8.00", "7.50 to 8.50", "8.00"]
    assert other.split("\t")[:6] == ["0", "0.5", "1 of 2", "2.00", "", "2.00"]
    assert rest == [
        "best: configuration 1, a1, a2",
        "importance: not told (needs 4 configurations with scores)",
    ]
    assert "bad: failed the environment raised" in filled.err


def test_json_is_the_report(filled: Desk) -> None:
    assert filled("compare", "a1", "a2", "b1", "--json") == ExitCode.DONE
    found = json.loads(filled.out)
    assert set(found) == {
        "environment",
        "target",
        "settings",
        "best",
        "configurations",
        "runs",
        "importance",
        "trials",
        "decisions",
        "remarks",
    }
    assert found["best"] == 0
    assert [run["run_id"] for run in found["runs"]] == ["a1", "a2", "b1"]
    assert found["runs"][0]["to_target"]["env_steps"] == 128


def test_files_are_written_and_told_beside_the_table(filled: Desk) -> None:
    files = ("--csv", "c.csv", "--html", "c.html")
    assert filled("compare", "a1", "a2", "b1", *files) == ExitCode.DONE
    assert "wrote c.csv" in filled.err
    assert (filled.folder / "c.csv").read_text().count("\n") == 4
    assert "CartPole-v1: 3 runs of 2 configurations" in (filled.folder / "c.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a1",), "needs two runs or more"),
        (("a1", "nobody"), "there is no run 'nobody'"),
        (("a1", "*"), "is no run's name"),
        (("a1", "other"), "a1 is of CartPole-v1, other is of Acrobot-v1"),
        (("bad", "bad"), "needs two runs or more"),
        (("a1", "a2", "--html", "none/c.html"), "there is no folder none"),
        (("a1", "a2", "--target", "nan"), "faastrain: --target nan: write a finite number"),
        (("a1", "a2", "--target", "1e999"), "faastrain: --target inf: write a finite number"),
        (("a1", "a2", "--html", "/"), "/: is a folder; name a file in it"),
        (("a1", "a2", "--csv", "."), ".: is a folder; name a file in it"),
    ],
)
def test_bad_input_is_told_in_a_line(filled: Desk, arguments: tuple[str, ...], words: str) -> None:
    assert filled("compare", *arguments) == ExitCode.BAD_INPUT
    assert words in filled.err
    assert filled.err.count("\n") == 1
