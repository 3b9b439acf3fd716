"""A whole stack: a policy's episodes are the same, whatever dies while they are played."""

import json
from pathlib import Path
from typing import Any

from faastraingym.schemas.messages import EpisodesEvaluated, PolicyUpdated
from tests.stack.facts import first
from tests.stack.specs import SHORT
from tests.stack.support import Stack

DRAWN = ("--episodes", "640", "--seed", "5", "--stochastic")


def rows(said: Any) -> list[dict[str, Any]]:
    """What was measured, without the run's name."""
    return [{k: v for k, v in row.items() if k != "run_id"} for row in said["evaluations"]]


async def test_a_killed_command_and_killed_replicas_change_no_number(own: Stack) -> None:
    """The policy comes from a file, of another stack for all that this one knows."""
    done = own.cli("train", own.file(SHORT), "--run", "trained")
    assert done.returncode == 0, done.stderr
    file = own.home / "policy.npz"
    (own.home / "runs" / "trained" / "policy.npz").rename(file)
    assert own.cli("rm", "trained").returncode == 0
    whole = own.json("evaluate", str(file), *DRAWN, "--workers", "1", "--run", "whole")
    (row,) = rows(whole)
    assert row["episodes"] == 640
    assert row["low"] < row["mean"] < row["high"]
    asked = ("evaluate", str(file), *DRAWN, "--workers", "20", "--run", "divided")
    command = own.popen(*asked)
    try:
        async with own.connect() as stack:
            await first(stack.facts, "divided", lambda fact: isinstance(fact, EpisodesEvaluated))
    finally:
        command.kill()
        command.communicate()
    own.kill_replicas("evaluate")
    again = own.cli(*asked, "--json")
    assert again.returncode == 0, again.stderr
    assert rows(json.loads(again.stdout)) == rows(whole)


async def test_the_newest_policy_of_a_run_that_goes_on_is_played(
    own: Stack, tmp_path: Path
) -> None:
    """By the run's name; its films lie beside, and come again with `fetch`."""
    own.start("going", {**SHORT, "stop": {"env_steps": 10**9}})
    async with own.connect() as stack:
        await first(stack.facts, "going", lambda fact: isinstance(fact, PolicyUpdated))
    typed = ("--episodes", "3", "--record", "2", "--out", str(tmp_path), "--run", "filmed")
    said = own.json("evaluate", "going", *typed)
    films = [Path(film) for film in said["recordings"]]
    assert [film.stem for film in films] == ["episode-0-0", "episode-0-1"]
    assert own.cli("fetch", "filmed", str(tmp_path / "fetched")).returncode == 0
    for film in films:
        assert film.stat().st_size > 100
        assert (tmp_path / "fetched" / film.name).read_bytes() == film.read_bytes()
    assert own.cli("stop", "going").returncode == 0
