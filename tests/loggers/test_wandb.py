"""Weights & Biases without a network: what its own service wrote to the disk is read back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="the extra `wandb`; `make loggers` has it")

from faastraingym.loggers import wandb_run
from tests.loggers.cut import CURVES, Curve
from tests.loggers.facts import RUN, SUBJECT

# wandb keeps a service for the whole life of a process, so each opening has a process of its own.
LOG = """
import os, sys
from faastraingym.loggers import wandb_run
from faastraingym.loggers.recording import Recording
from tests.loggers.facts import ROWS, SUBJECT
recording = Recording("wandb", wandb_run.open_writer("demo", SUBJECT), print)
for row in ROWS[:int(sys.argv[1])]:
    recording.add(row)
recording.close(sys.argv[2])
print(recording.numbers)
"""


def log(folder: Path, count: int, status: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LOG, str(count), status],
        cwd=folder,
        env={**os.environ, "WANDB_MODE": "offline", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"wandb/offline-run-*-{RUN}/run-{RUN}.wandb"))


def curves(folder: Path) -> dict[str, Curve]:
    found: dict[str, Curve] = {}
    for values in (values for path in files(folder) for values in wandb_run.history(path)):
        for name in CURVES:
            if name in values:
                found.setdefault(name, []).append((int(values["global_step"]), values[name]))
    return found


def test_a_run_that_was_logged_in_two_goes_is_there_once(tmp_path: Path) -> None:
    assert log(tmp_path, 2, "") == "4"
    (path,) = files(tmp_path)
    assert [values["_timestamp"] for values in wandb_run.history(path)] == [1_002.0, 1_004.0]
    assert log(tmp_path, 3, "completed") == "1"
    assert log(tmp_path, 3, "completed") == "0"
    assert curves(tmp_path) == CURVES
    told = [v["_step"] for path in files(tmp_path) for v in wandb_run.history(path)]
    assert told == [0, 1, 2]  # goes on, so that the server takes the later ones, too


def test_the_specification_is_the_configuration_and_a_failure_shows(tmp_path: Path) -> None:
    log(tmp_path, 1, "failed")
    (path,) = files(tmp_path)
    records = list(wandb_run.records(path))
    (run,) = (record.run for record in records if record.WhichOneof("record_type") == "run")
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["environment"] == SUBJECT.spec["environment"]
    assert (run.project, run.display_name) == ("demo", RUN)
    (exit_,) = (record.exit for record in records if record.WhichOneof("record_type") == "exit")
    assert exit_.exit_code == 1


def test_a_log_that_was_cut_off_ends_before_the_cut(tmp_path: Path) -> None:
    log(tmp_path, 2, "")
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    told = [len([*wandb_run.history(_cut(path, whole, n))]) for n in range(0, len(whole), 7)]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 2)


def _cut(path: Path, whole: bytes, size: int) -> Path:
    path.write_bytes(whole[:size])
    return path


def test_a_long_log_has_records_that_go_on_in_the_next_block(tmp_path: Path) -> None:
    """400 rows of 50 long names are several blocks of 32 KiB."""
    script = LOG.replace("ROWS[:int(sys.argv[1])]", "MANY").replace(
        "recording =",
        "MANY = [ROWS[0]._replace(step=n, values={f'train/{k:050}': k * n for k in range(50)})"
        " for n in range(400)]\nrecording =",
        1,
    )
    subprocess.run(
        [sys.executable, "-c", script, "0", "completed"],
        cwd=tmp_path,
        env={**os.environ, "WANDB_MODE": "offline", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    (path,) = files(tmp_path)
    told = list(wandb_run.history(path))
    assert path.stat().st_size > 10 * wandb_run.BLOCK
    assert len(told) == 400
    assert all(v[f"train/{k:050}"] == k * n for n, v in enumerate(told) for k in (0, 49))
