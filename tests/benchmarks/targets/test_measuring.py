from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.peers.peer import MISSING
from benchmarks.targets import measuring
from benchmarks.targets.records import Records
from tests.benchmarks.targets.test_records import record, row

SEEDS = range(11, 21)


def lines(
    tmp_path: Path, *measured: tuple[str, int, float, float]
) -> dict[str, measuring.Measured]:
    some = row(tmp_path / "some.toml")
    known = Records(machine={}, records=[record(some, *each) for each in measured])
    made = measuring.lines(some, known, SEEDS)
    return {line.what.removeprefix("PPO CartPole-v1 to 475:").strip(): line for line in made}


def test_a_ratio_is_within_a_seed_that_both_have(tmp_path: Path) -> None:
    made = lines(
        tmp_path,
        ("faastrain", 11, 2.0, 480.0),
        ("faastrain", 12, 4.0, 480.0),
        ("faastrain", 13, 9.0, 480.0),
        ("Stable-Baselines3", 12, 16.0, 480.0),
        ("Stable-Baselines3", 11, 4.0, 480.0),
    )
    beside = made["faastrain / Stable-Baselines3"]
    assert (beside.samples, beside.at_most, beside.met) == ([0.5, 0.25], 0.5, True)
    assert beside.note.startswith("mean 0.375 ± ")
    steps = made["faastrain, in the range of Stable-Baselines3"]
    assert (steps.samples, steps.at_most, steps.met) == ([11_000, 12_000], 12_000, True)
    assert made["faastrain / SBX"].note == MISSING
    assert made["faastrain / SBX"].met is None


@pytest.mark.parametrize(("mean", "words"), [(480.0, ""), (470.0, "; 1 of 2 did not get there")])
def test_a_seed_that_fell_short_is_said_to_have(mean: float, words: str, tmp_path: Path) -> None:
    made = lines(tmp_path, ("SBX", 11, 2.0, 480.0), ("SBX", 12, 4.0, mean))
    assert made["SBX"].note == f"mean 3 ± 12.7 (95 %){words}"
    assert made["SBX, to the target"].samples == [11_000, 12_000]
    assert made["faastrain"].note == MISSING


def test_the_first_seed_chooses_which_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, measured = row(tmp_path / "some.toml"), list[int]()
    monkeypatch.setattr(measuring.records, "load", lambda: Records(machine={}))
    monkeypatch.setattr(measuring.rows, "names", lambda: ["some"])
    monkeypatch.setattr(measuring.rows, "named", lambda _: some)
    monkeypatch.setattr(measuring.stacks, "home", lambda: nullcontext(tmp_path))
    monkeypatch.setattr(measuring, "try_to_train", lambda *_, **__: None)
    monkeypatch.setattr(
        measuring, "_seed", lambda _home, _known, _row, number: measured.append(number)
    )
    measuring.measure(10, 21)
    assert measured == [*range(21, 31)]
