"""Runs compared, from a stack's log and store."""

import asyncio
import csv
from pathlib import Path

import pytest

from faastraingym import BadInput, Client, Comparison
from faastraingym.schemas.messages import ExperimentRequested, ExperimentStarted, TrialRequested
from tests.client.compared import POPULATION, RATE, put, put_population, settings
from tests.client.memory import Stack

TARGET = 8.0


@pytest.fixture
def names(stack: Stack) -> list[str]:
    """Two configurations of two seeds; one run ended by its target."""

    async def fill() -> None:
        await put(stack, "a1", settings(1, TARGET, gamma=0.9), (3.0, 8.5), end="target")
        await put(stack, "a2", settings(2, TARGET, gamma=0.9), (3.0, 7.0, 7.5))
        await put(stack, "b1", settings(1, TARGET, gamma=0.5), (1.0, 2.0, 3.0))
        await put(stack, "b2", settings(2, TARGET, gamma=0.5), (1.0, 2.0, 5.0))

    asyncio.run(fill())
    return ["a1", "a2", "b1", "b2"]


def test_runs_are_compared_by_name_or_as_runs(client: Client, names: list[str]) -> None:
    found = client.compare(names)
    assert isinstance(found, Comparison)
    assert found.best.settings == {"algorithm.gamma": 0.9}
    assert found.best.runs == ["a1", "a2"]
    assert [one.mean and one.mean.value for one in found.configurations] == [8.0, 4.0]
    assert client.compare([client.run(name) for name in names]).report == found.report


def test_an_experiment_stands_for_its_runs_that_were_asked_for(
    client: Client, stack: Stack
) -> None:
    async def fill() -> None:
        spec = {**POPULATION, "scheduler": {"name": "none"}, "run": settings(0)}
        await stack.facts.publish_once(ExperimentRequested(run="sweep", spec=spec))
        await stack.facts.publish_once(ExperimentStarted(run="sweep", spec=spec))
        for number, gamma in ((1, 0.5), (0, 0.9)):
            runs = [f"sweep-{number}-{seed}" for seed in (1, 2)]
            chosen = {"algorithm.gamma": gamma}
            await stack.facts.publish_once(
                TrialRequested(run="sweep", trial=number, settings=chosen, origin={}, runs=runs)
            )
        await put(stack, "sweep-0-1", settings(1, gamma=0.9), (3.0, 8.0))
        await put(stack, "sweep-0-2", settings(2, gamma=0.9), (3.0, 7.0))
        await put(stack, "sweep-1-1", settings(1, gamma=0.5), (1.0, 2.0))

    asyncio.run(fill())
    found = client.compare(["sweep"])
    assert [run.run_id for run in found.report.runs] == ["sweep-0-1", "sweep-0-2", "sweep-1-1"]
    assert found.best.settings == {"algorithm.gamma": 0.9}
    assert client.compare(["sweep", "sweep-0-1"]).report == found.report


def test_an_experiment_has_its_trials_and_decisions(client: Client, stack: Stack) -> None:
    """A configuration for each trial, though a copy's settings may be those of another one."""
    name = asyncio.run(put_population(stack))
    report = client.compare([name]).report
    assert [(one.trial, one.parent, one.configuration) for one in report.trials] == [
        (0, None, 0),
        (1, None, 1),
        (2, 1, 2),
    ]
    assert [(one.trial, one.decision) for one in report.decisions] == [
        (0, "copy"),
        (1, "continue"),
        (1, "stop"),
        (2, "stop"),
    ]
    assert set(report.settings) <= {RATE}


def test_a_file_of_all_trials_has_what_each_run_came_to(
    client: Client, stack: Stack, tmp_path: Path
) -> None:
    """Settings, scores by rung, states, reasons, seeds, costs and parents, with their types."""
    found = client.compare([asyncio.run(put_population(stack))])
    found.save_csv(tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [(row["run_id"], row["seed"], row["trial"], row["parent"]) for row in read] == [
        ("x-0-1", "1", "0", ""),
        ("x-0-2", "2", "0", ""),
        ("x-1-1", "1", "1", ""),
        ("x-1-2", "2", "1", ""),
        ("x-2-1", "1", "2", "1"),
        ("x-2-2", "2", "2", "1"),
    ]
    assert [(row["score.200"], row["score.400"]) for row in read] == [
        ("1.0", ""),
        ("2.0", ""),
        ("11.0", "11.0"),
        ("12.0", "12.0"),
        ("", "1.0"),
        ("", "2.0"),
    ]
    assert [row["trial_state"] for row in read] == ["stopped"] * 2 + ["completed"] * 4
    assert read[0]["trial_reason"].startswith("1.5 is 2nd of 2 at 200 steps")
    for row in read:
        float(row["score"]), float(row["seconds"]), float(row["gb_seconds"]), int(row["env_steps"])
    pandas = pytest.importorskip("pandas", reason="the extra `pandas`")
    frame = pandas.read_csv(tmp_path / "trials.csv")
    numbers = ["seed", "trial", "env_steps"]
    assert [frame[name].dtype.kind for name in numbers] == ["i"] * 3
    floats = ["score", "parent", "seconds", "gb_seconds", "score.200", "score.400"]
    assert [frame[name].dtype.kind for name in floats] == ["f"] * 6


def test_the_target_is_the_runs_own(client: Client, names: list[str]) -> None:
    """Reached by a run that ended there: 50 s after its request, with all of its cost."""
    found = client.compare(names).report
    assert found.target == TARGET
    reached = [run.to_target for run in found.runs]
    assert reached[1:] == [None] * 3
    assert reached[0] is not None
    assert (reached[0].env_steps, reached[0].seconds, reached[0].gb_seconds) == (128, 50.0, 4.0)


def test_another_target_counts_what_began_before_it(client: Client, names: list[str]) -> None:
    """a2's second evaluation reaches 7: two of its three invocations had begun."""
    found = client.compare(names, target=7.0).report
    assert found.target == 7.0
    second = found.runs[1].to_target
    assert second is not None
    assert (second.env_steps, second.seconds, second.gb_seconds) == (128, 50.0, 4.0)
    assert found.runs[1].spent.gb_seconds == 6.0


def test_a_run_without_a_report_is_read_from_the_log(client: Client, stack: Stack) -> None:
    """It goes on, or the store lost its report; the numbers are the same."""

    async def fill() -> None:
        await put(stack, "kept", settings(1), (3.0, 4.0))
        await put(stack, "lost", settings(2), (3.0, 5.0))
        await put(stack, "on", settings(3), (3.0, 6.0), end="")
        del stack.objects.data["runs/lost/report.json"]

    asyncio.run(fill())
    found = client.compare(["kept", "lost", "on"]).report
    assert [run.score for run in found.runs] == [4.0, 5.0, 6.0]
    assert [run.spent.gb_seconds for run in found.runs] == [4.0] * 3
    assert [run.status for run in found.runs] == ["completed", "completed", "running"]


def test_a_repeated_name_counts_once(client: Client, names: list[str]) -> None:
    assert client.compare([*names, *names]).report == client.compare(names).report


def test_an_unknown_run_is_refused(client: Client, names: list[str]) -> None:
    with pytest.raises(BadInput, match=r"there is no run 'b3'"):
        client.compare(["a1", "b3"])


@pytest.mark.parametrize("wrong", ["a1", [], ["a1"], ["a1", 3], ["a1", "*"], 3])
def test_what_names_no_runs_is_refused(client: Client, names: list[str], wrong: object) -> None:
    with pytest.raises(BadInput):
        client.compare(wrong)  # type: ignore[arg-type]


def test_rows_are_ready_for_pandas(client: Client, names: list[str], tmp_path: Path) -> None:
    """One for each run; the file has the same, an empty cell for None."""
    found = client.compare(names)
    rows = found.rows()
    assert [row["setting.algorithm.gamma"] for row in rows] == [0.9, 0.9, 0.5, 0.5]
    assert [row["score"] for row in rows] == [8.5, 7.5, 3.0, 5.0]
    assert [row["env_steps_to_target"] for row in rows] == [128, None, None, None]
    found.save_csv(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open() as file:
        read = list(csv.DictReader(file))
    assert read == [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]


def test_a_frame_has_the_rows(client: Client, names: list[str]) -> None:
    pytest.importorskip("pandas", reason="the extra `pandas`")
    found = client.compare(names)
    assert list(found.dataframe()["run_id"]) == names


def test_a_file_in_no_folder_is_refused(client: Client, names: list[str], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="make it first"):
        client.compare(names).save_csv(tmp_path / "none" / "runs.csv")
