"""A sweep is timed, killed half way, and counted; what is known is not measured again."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks import kept
from benchmarks.sweeps import measuring
from benchmarks.sweeps.contestants import Standing, sweep
from benchmarks.sweeps.measuring import OPTUNA, OURS, TUNE, Record, Records
from faastraingym.algorithms.experiments.specification import parse

TRAINING = """
import pathlib, sys, time
file = pathlib.Path(sys.argv[1])
for run in map(str, range(36)):
    while file.read_text().split().count(run) < 2:
        with file.open("a") as lines:
            lines.write(run + "\\n")
        if sys.argv[2:]:
            time.sleep(0.01)
"""


class Lines:
    """Trains each run in two steps, as lines of a file; killed, it goes on after the last."""

    name, installed = "lines", True

    def __init__(self, folder: Path) -> None:
        self.file, self.begun, self.killed = folder / "lines", 0, 0

    def prepare(self) -> None:
        self.file.touch()

    def begin(self) -> "subprocess.Popen[bytes]":
        self.begun += 1
        return subprocess.Popen([sys.executable, "-c", TRAINING, str(self.file), "slowly"])

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()
        self.killed += 1

    def standing(self) -> Standing:
        lines = self.file.read_text().split()
        ended = sum(lines.count(run) >= 2 for run in {*lines})
        return Standing(ended, len({*lines}) - ended)

    def env_steps(self) -> int:
        return len(self.file.read_text().split())

    def close(self) -> None:
        pass


@pytest.mark.parametrize("killed", [False, True])
def test_a_sweep_is_trained_to_its_end_though_it_is_killed(tmp_path: Path, killed: bool) -> None:
    one = Lines(tmp_path)
    made = measuring.record(one, "digest", killed=killed)
    assert (made.who, made.killed, made.settings) == ("lines", killed, "digest")
    assert (made.runs, made.ended, made.env_steps) == (36, 36, 72)
    assert (one.begun, one.killed) == ((2, 1) if killed else (1, 0))
    assert made.going <= 1
    assert made.seconds > 0


def test_one_that_fails_is_told(tmp_path: Path) -> None:
    class Failing(Lines):
        def begin(self) -> "subprocess.Popen[bytes]":
            return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(RuntimeError, match="lines: exit code 3"):
        measuring.record(Failing(tmp_path), "digest", killed=False)
    with pytest.raises(RuntimeError, match="lines: it ended with 0 of 36 runs"):
        measuring.record(Failing(tmp_path), "digest", killed=True)


def test_the_peers_train_the_same_settings_and_seeds(tmp_path: Path) -> None:
    spec = parse(tomllib.loads(measuring.FILE.read_text()))
    made = sweep(spec, tmp_path)
    assert len(made.runs) == 36
    assert made.runs[0] == {
        "seed": 1,
        "learning_rate": "lin_0.001",
        "n_steps": 32,
        "batch_size": 64,
        "n_epochs": 10,
        "gamma": 0.99,
        "gae_lambda": 0.95,
        "clip_range": 0.2,
        "ent_coef": 0.0,
    }
    assert [run["seed"] for run in made.runs[:4]] == [1, 2, 3, 1]
    assert {run["n_steps"] for run in made.runs} == {32, 128}
    assert (made.problem.num_envs, made.problem.budget) == (8, spec.run["stop"]["env_steps"])


RECORD = Record(
    who=OURS, killed=False, settings="s", runs=36, ended=36, going=0, seconds=60, env_steps=1_000
)


def test_what_a_kill_cost_is_what_was_taken_beyond_a_whole_sweep() -> None:
    records = [
        RECORD,
        replace(RECORD, killed=True, going=4, seconds=70),
        replace(RECORD, who=TUNE, seconds=120),
        replace(RECORD, who=TUNE, killed=True, going=2, ended=35, env_steps=1_400),
    ]
    made = {row.what: row for row in measuring.rows(Records(machine={}, records=records), "s")}
    assert made[f"36 runs, {OURS}"].value == 60
    assert made[f"  {OURS} / {TUNE}"].value == 0.5
    assert made[f"killed half way, {OURS}: taken again"].value == 0
    theirs = made[f"killed half way, {TUNE}: taken again"]
    assert (theirs.value, theirs.met) == (400, None)
    assert theirs.note.startswith("2 runs went on then; 1 of 36 were lost")
    assert made[f"36 runs, {OPTUNA}"].note == measuring.peer.MISSING


def test_records_are_kept_for_the_same_machine_and_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "sweeps.json"
    known = kept.of_machine(file, Records)
    known.records.append(RECORD)
    kept.write(file, kept.document(known))
    found = kept.of_machine(file, Records)
    assert measuring.find(found, OURS, False, "s") == RECORD
    assert measuring.find(found, OURS, False, "other") is None
    another = replace(found, machine={"processor": "another"})
    kept.write(file, kept.document(another))
    assert not kept.of_machine(file, Records).records
