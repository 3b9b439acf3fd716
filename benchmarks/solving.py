"""Time to 475: CartPole-v1 until 20 deterministic episodes average 475 or more.

The wall clock of a whole `faastrain train examples/cartpole.toml` process, beside the wall clock of
a whole Stable-Baselines3 process with the same (zoo) settings that evaluates as often, every 2,560
steps. Repetition k has seed k on both sides. Three states of the stack: nothing runs; up but never
used, every function at zero; warm, after the run before. The very first run also compiles; the
others find its compile cache.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import stacks
from benchmarks.peers import stable_baselines3
from benchmarks.report import Row
from benchmarks.samples import median, ratios
from embedded import stack

NOTHING, UP, WARM = "from nothing", "stack up, functions at zero", "stack up, warm"
GOALS = {NOTHING: 1.0, UP: 0.5, WARM: 0.5}


def measure(repeat: int) -> list[Row]:
    """Seconds, in turn: ours in each state, then the peer."""
    ours: dict[str, list[float]] = {NOTHING: [], UP: [], WARM: []}
    theirs: list[float] = []
    steps: dict[str, list[float]] = {"ours": [], "theirs": []}
    with stacks.home() as home:
        compiling, _ = _train(home, seed=1)
        for seed in range(1, repeat + 1):
            stack.down(home)
            ours[NOTHING].append(_train(home, seed)[0])
            stack.down(home)
            stack.up(home)
            ours[UP].append(_train(home, seed)[0])
            seconds, report = _train(home, seed)
            ours[WARM].append(seconds)
            steps["ours"].append(report["env_steps"])
            if stable_baselines3.installed():
                solved = stable_baselines3.solve(seed)
                theirs.append(solved.seconds)
                steps["theirs"].append(solved.env_steps)
    return rows(compiling, ours, theirs, steps)


def rows(
    compiling: float,
    ours: dict[str, list[float]],
    theirs: list[float],
    steps: dict[str, list[float]],
) -> list[Row]:
    """Seconds, and what part of the peer's they are."""

    def row(what: str, samples: list[float], unit: str = "s", **more: Any) -> Row:
        return Row(benchmark="solving", what=what, unit=unit, samples=samples, **more)

    learnt = {who: f"{median(s):,.0f} steps (median)" for who, s in steps.items() if s}
    peer = row("Stable-Baselines3", theirs, note=learnt.get("theirs", stable_baselines3.MISSING))
    own = [row(state, seconds, note=learnt["ours"]) for state, seconds in ours.items()]
    beside = [
        row(f"{state} / peer", ratios(seconds, theirs), "x", at_most=GOALS[state])
        for state, seconds in ours.items()
        if theirs
    ]
    first = row("from nothing, nothing compiled before", [compiling], note="once, seed 1")
    return [first, *own, peer, *beside]


def _train(home: Path, seed: int) -> tuple[float, dict[str, Any]]:
    """Seconds of one `faastrain train`, and its report.

    Raises:
        RuntimeError: it did not reach the target.
    """
    command = [sys.executable, "-m", "cli.main", "train", "examples/cartpole.toml", "--json"]
    begun = time.perf_counter()
    process = subprocess.run(
        [*command, "--set", f"seed={seed}"],
        cwd=stacks.CHECKOUT,
        env={**os.environ, "FAASTRAIN_HOME": str(home)},
        capture_output=True,
    )
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"faastrain train, seed {seed}: {process.stderr.decode()}")
    return seconds, msgspec.json.decode(process.stdout)
