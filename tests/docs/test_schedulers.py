"""What the page about schedulers shows is valid, and what it says of numbers is calculated."""

import re
import tomllib
from typing import get_args

import pytest

from faastraingym.algorithms.experiments.specification import parse
from faastraingym.events.experiments.decisions import Result
from faastraingym.events.experiments.rungs import bracket, rungs, successor, survivors
from faastraingym.events.experiments.schedulers import decide
from faastraingym.schemas.experiment import AnyScheduler, ExperimentSpec
from tests.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs/schedulers.md").read_text()
SHOWN = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TOLD = [
    tuple(line.split(maxsplit=1))
    for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def shown(number: int, budget: int = 27_000) -> ExperimentSpec:
    raw = {
        "run": {
            "environment": {"id": "CartPole-v1"},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": budget},
        },
        "space": {"algorithm.learning_rate": {"kind": "log-uniform", "low": 1e-5, "high": 1e-2}},
        "seeds": [1],
        "sampler": {"name": "random", "trials": 27},
    }
    return parse(raw | tomllib.loads(SHOWN[number]))


HALVING, ASHA, HYPERBAND, MEDIAN, PLATEAU, POPULATION = map(shown, range(6))


def rows(heading: str) -> list[list[int]]:
    """The numbers of the rows below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (\d.*) \|$", section, re.MULTILINE)
    return [[int(cell.replace(",", "")) for cell in line.split(" | ")] for line in lines]


def test_every_scheduler_is_in_the_table_and_shown() -> None:
    tags = {each.__struct_config__.tag for each in get_args(AnyScheduler)}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == tags
    found = {type(shown(n).scheduler).__struct_config__.tag for n in range(len(SHOWN))}
    assert found == tags - {"none"}


def test_the_rungs_of_halving() -> None:
    expected, left, before = [], 27, 0
    for number, steps in enumerate(rungs(HALVING, 0)):
        expected.append([number, left, steps, left * (steps - before)])
        left, before = survivors(left, 3), steps
    assert rows("Halving") == expected
    assert f"{sum(row[3] for row in expected):,} steps instead of {27 * 27_000:,}" in PAGE


def test_the_brackets_of_hyperband() -> None:
    spec = shown(2, budget=81_000)
    joined = [bracket(5, 3, trial) for trial in range(143)]
    expected = []
    for number in range(5):
        steps, left, cost, before = rungs(spec, joined.index(number)), joined.count(number), 0, 0
        size = left
        for rung in steps:
            cost, left, before = cost + left * (rung - before), survivors(left, 3), rung
        expected.append([number, steps[0], size, cost])
    assert rows("Hyperband") == expected


def test_the_reasons_are_those_that_are_given() -> None:
    whole = [0.9, 0.1, 0.3, 0.2, 0.4, 0.8, 0.43, 0.95, 0.5]
    asha = [0.5, 0.1, 0.3, 0.9, 0.8]
    members = [1.0, 8.0, 3.0, 4.0, 7.0, 2.0, 5.0, 6.0]
    made = {
        (each.verdict, each.reason)
        for spec, total, scores in (
            (HALVING, 9, whole),
            (ASHA, 9, [0.9, 0.1, 0.3]),
            (ASHA, 9, asha),
            (POPULATION, 8, members),
        )
        for each in decide(spec, total, [Result(n, 0, s) for n, s in enumerate(scores)], [])
    }
    assert len(TOLD) == 5
    assert set(TOLD) <= made


@pytest.mark.parametrize(("rung", "number"), [(0, 13), (1, 21)])
def test_the_number_of_a_copy(rung: int, number: int) -> None:
    assert successor(8, 5, rung) == number
    assert f"after rung {rung}" in PAGE
    assert f"trial {number}" in PAGE
