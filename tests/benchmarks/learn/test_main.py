"""Rows are trained in processes of their own, and what is cut off goes on."""

import asyncio
import hashlib
from pathlib import Path

import msgspec
import psutil
import pytest

from benchmarks import loop
from benchmarks.learn import __main__ as learn
from benchmarks.learn import results, rows
from benchmarks.learn.rows import Row
from faastraingym.schemas.payloads import dump
from tests.benchmarks.learn.test_results import row

__all__ = ["row"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where documents are written."""
    return tmp_path / "results"


def test_a_seed_is_trained_to_the_end_and_kept(row: Row, folder: Path) -> None:
    assert asyncio.run(learn.all_of([(row, 4)], 1, folder)) == 0
    assert folder.with_suffix(".md").is_file()
    (made,) = results.of(row, folder).seeds
    versions = [*loop.versions(row.spec(4))]
    assert made.seed == 4
    assert made.sha256 == hashlib.sha256(dump(versions[-1].policy)).hexdigest()
    assert made.env_steps == versions[-1].env_steps >= 100
    assert [point.env_steps for point in made.curve] == [v.env_steps for v in versions]
    assert len(made.returns) == 2
    assert made.return_mean == made.curve[-1].return_mean
    assert made.machine["jax"]


def test_a_seed_that_fails_is_counted_and_leaves_the_others(row: Row, folder: Path) -> None:
    gone = rows.Row(folder / "gone.toml", row.goal, row.raw)
    assert asyncio.run(learn.all_of([(gone, 1), (row, 1)], 1, folder)) == 1
    assert results.missing(row, [1, 2], folder) == [2]
    assert not (folder / "gone.json").exists()


async def test_cut_off_it_leaves_no_process_and_what_was_done(row: Row, folder: Path) -> None:
    begun = asyncio.Event()
    before = {*psutil.Process().children()}
    work = [(row, 1), (row, 2)]
    training = asyncio.create_task(learn.all_of(work, 1, folder, tell=lambda _: begun.set()))
    await begun.wait()
    assert len({*psutil.Process().children()} - before) == 1
    training.cancel()
    with pytest.raises(asyncio.CancelledError):
        await training
    assert {*psutil.Process().children()} == before
    assert results.missing(row, [1, 2], folder) == [1, 2]


def test_a_row_whose_environment_is_not_installed_is_told(
    row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = {**row.raw, "environment": {"id": "NoSuchPole-v1"}}
    assert learn.told(row._replace(raw=raw))
    assert "some: not run: " in capsys.readouterr().err
    assert not learn.told(row)


def test_a_row_whose_module_is_not_installed_is_told(
    row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    goal = msgspec.structs.replace(row.goal, modules=["no_such_grid"])
    assert learn.told(row._replace(goal=goal))
    assert "some: not run: no_such_grid is not installed; " in capsys.readouterr().err


def test_a_wrong_name_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        learn.main(["cartpole"])
    assert "ppo_cartpole" in capsys.readouterr().err
