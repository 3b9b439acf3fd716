"""A run on a real stack is logged while it is followed, though the command is killed midway."""

import csv
import json
import time
from pathlib import Path

from tests.stack.facts import PATIENCE
from tests.stack.specs import LONG
from tests.stack.support import Stack

RUN = "logged"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_logged_once_though_the_command_is_killed(stack: Stack, tmp_path: Path) -> None:
    """What follows it later adds what is missing, and finds nothing else to add."""
    table, lines = tmp_path / "p.csv", tmp_path / "p.jsonl"
    where = ("--csv", str(table), "--jsonl", str(lines))
    training = ("train", stack.file(LONG), "--run", RUN, "--no-files", *where)
    killed = stack.popen(*training)
    deadline = time.monotonic() + PATIENCE
    while not lines.exists() or (cut := lines.read_text().count("\n")) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    followed = stack.cli("follow", RUN, *where)
    assert followed.returncode == 0, followed.stderr
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    report = stack.json("show", RUN)
    steps = [line["step"] for line in told if "time/iterations" in line["values"]]
    assert steps == report["curves"]["env_steps"]
    assert 3 <= cut < len(told)
    assert [int(row["step"]) for row in rows(table) if row["time/iterations"]] == steps
    again = stack.json("export-metrics", RUN, *where)
    assert again["written"] == {"csv": 0, "jsonl": 0}


def test_a_run_that_nobody_followed_is_written_afterwards(stack: Stack, tmp_path: Path) -> None:
    stack.start("alone", LONG)
    assert stack.cli("follow", "alone").returncode == 0
    table = tmp_path / "p.csv"
    done = stack.cli("export-metrics", "alone", "--csv", str(table))
    assert done.returncode == 0, done.stderr
    report = stack.json("show", "alone")
    returns = [float(r["rollout/ep_rew_mean"]) for r in rows(table) if r["rollout/ep_rew_mean"]]
    assert returns == [point["return_mean"] for point in report["training"]]
    losses = [float(r["train/value_loss"]) for r in rows(table) if r["train/value_loss"]]
    assert losses == report["curves"]["metrics"]["value_loss"]
