"""Experiments run in processes of their own; what is known is not run again; the page tells all."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.experiments import __main__ as experiments
from benchmarks.experiments import page, results
from benchmarks.experiments.results import Outcome
from benchmarks.experiments.rows import Row
from tests.benchmarks.experiments.test_rows import row

__all__ = ["row"]
RANDOM = Outcome(
    arm="random",
    seed=3,
    trials=2,
    env_steps=200,
    best=1,
    settings={"algorithm.gamma": 0.95},
    score=20.0,
    again=[10.0, 12.0],
    seconds=1.0,
    version="0",
    machine={},
)
TPE = replace(RANDOM, arm="tpe", env_steps=100, score=21.0, again=[])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "experiments"


def test_an_experiment_is_run_and_kept(row: Row, folder: Path) -> None:
    assert asyncio.run(experiments.all_of([(row, "tpe", 4)], 1, folder)) == 0
    (made,) = results.of(row, folder).outcomes
    assert (made.arm, made.seed, made.trials, made.best in (0, 1)) == ("tpe", 4, 2, True)
    assert made.env_steps >= 200
    assert 0.9 <= made.settings["algorithm.gamma"] <= 0.99
    assert len(made.again) == 2
    assert made.score >= 1
    assert ("tpe", 4) not in results.missing(row, folder)
    assert len(results.missing(row, folder)) == 3


def test_one_that_fails_is_counted(row: Row, folder: Path) -> None:
    gone = row._replace(file=folder / "gone.toml")
    assert asyncio.run(experiments.all_of([(gone, "tpe", 4)], 1, folder)) == 1
    assert not (folder / "gone.json").exists()


def test_another_arm_s_or_space_s_results_do_not_count(row: Row, folder: Path) -> None:
    results.add(row, TPE, folder)
    assert results.add(row, RANDOM, folder).outcomes == [RANDOM, TPE]
    arms = row.question.arms | {"random": {"sampler": {"name": "random", "trials": 3}}}
    other = row._replace(question=replace(row.question, arms=arms))
    assert results.of(other, folder).outcomes == [TPE]
    assert not results.of(row._replace(raw={**row.raw, "seeds": [2]}), folder).outcomes


def test_the_page_tells_who_is_better_with_how_many_steps(row: Row, folder: Path) -> None:
    for one in (RANDOM, TPE):
        results.add(row, one, folder)
    known = results.of(row, folder)
    lines = page.markdown([(row, known)]).splitlines()
    assert "| random | 3 | 2 | 200 | 100% | 20.0 | 11.0 ± 12.7 | algorithm.gamma = 0.95 |" in lines
    assert "| tpe | 3 | 2 | 100 | 50% | 21.0 |  | algorithm.gamma = 0.95 |" in lines
    beside = "- tpe beside random: a higher best return in 1 of 1, an equal one in 0, with 50% of"
    assert any(line.startswith(beside) for line in lines)
    assert "- 2 of 4 experiments were not run." in lines
    assert "Not run." in page.markdown([(row, replace(known, outcomes=[]))])


def test_a_wrong_name_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        experiments.main(["cartpole"])
    assert "asha_cartpole" in capsys.readouterr().err
