"""Time to 200: LunarLander-v3 until 20 deterministic episodes average 200 or more.

The wall clock of a whole `faastrain train examples/lunarlander.toml` with the stack up, every
function at zero and a compile cache of an earlier run, beside the whole process of
Stable-Baselines3 with rl-baselines3-zoo's settings, evaluating every 16,384 steps. Each trains with
the settings that suit it; only environment, target and machine are the same. Stable-Baselines3
takes about 13 minutes a seed.
"""

import importlib.util
from collections.abc import Sequence
from functools import partial

from benchmarks import stacks
from benchmarks.peers import peer
from benchmarks.peers.peer import STABLE_BASELINES3, Solved
from benchmarks.peers.problem import Problem
from benchmarks.report import Row
from benchmarks.samples import median, ratios
from benchmarks.training import train
from faastraingym.embedded import stack

SPECIFICATION = stacks.CHECKOUT / "examples" / "lunarlander.toml"
PROBLEM = Problem(
    algorithm="PPO",
    environment="LunarLander-v3",
    target=200.0,
    budget=1_000_000,
    evaluate_every=16_384,
    num_envs=16,
    settings={
        "n_steps": 1024,
        "batch_size": 64,
        "n_epochs": 4,
        "gamma": 0.999,
        "gae_lambda": 0.98,
        "ent_coef": 0.01,
    },
)
MISSING = "Box2D is not installed: pip install -e '.[box2d]'"

_row = partial(Row, benchmark="lunar-lander")


def measure(repeat: int) -> list[Row]:
    """Seconds, in turn: ours, then Stable-Baselines3's."""
    if importlib.util.find_spec("Box2D") is None:
        return [_row(what=f"{PROBLEM.environment} to {PROBLEM.target:g}", unit="s", note=MISSING)]
    ours: list[float] = []
    steps: list[float] = []
    theirs: list[Solved] = []
    with stacks.home() as home:
        for seed in range(1, repeat + 1):
            stack.down(home)
            stack.up(home)
            seconds, report = train(home, SPECIFICATION, seed)
            ours.append(seconds)
            steps.append(report["env_steps"])
            if STABLE_BASELINES3.installed:
                theirs.append(peer.solve(STABLE_BASELINES3, PROBLEM, seed))
    return rows(ours, steps, theirs)


def rows(ours: list[float], steps: Sequence[float], theirs: list[Solved]) -> list[Row]:
    """Seconds, and what part of the peer's they are."""
    seconds = [solved.seconds for solved in theirs]
    return [
        _row(what="faastrain", unit="s", samples=ours, note=f"{median(steps):,.0f} steps (median)"),
        _row(
            what=STABLE_BASELINES3.name,
            unit="s",
            samples=seconds,
            note=peer.told(theirs, PROBLEM.target),
        ),
        _row(
            what=f"  faastrain / {STABLE_BASELINES3.name}",
            unit="x",
            samples=ratios(ours, seconds) if seconds else [],
            at_most=0.5,
            note="" if seconds else peer.MISSING,
        ),
    ]
