"""Time and steps to a target, ours beside Stable-Baselines3's and SBX's.

The wall clock of a whole `faastrain train benchmarks/targets/ROW.toml` with the stack up, every
function at zero and a compile cache of an earlier run, beside the wall clock of each peer's whole
process with rl-baselines3-zoo's settings; seeds 11 to 20, or ten from --first-seed on. All are
evaluated after as many steps and by as many episodes. Cut off, the same command goes on where it
was; without benchmarks/results/targets.json it measures anew.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import stacks
from benchmarks.intervals import of_mean
from benchmarks.peers import peer
from benchmarks.peers.peer import SBX, STABLE_BASELINES3, Peer, Solved
from benchmarks.report import Row as Measured
from benchmarks.report import number
from benchmarks.samples import ratios
from benchmarks.targets import records, rows
from benchmarks.targets.records import Record, Records
from benchmarks.targets.rows import Row
from benchmarks.training import try_to_train
from faastraingym.embedded import stack

OURS = "faastrain"
GOALS = {STABLE_BASELINES3: 0.5, SBX: 1.0}  # our time as a part of the peer's

_row = partial(Measured, benchmark="targets")


def measure(repeat: int, first_seed: int) -> list[Measured]:
    """Every row, `repeat` seeds of it from the first on: ours, then the peers', seed by seed."""
    known, seeds = records.load(), range(first_seed, first_seed + repeat)
    chosen = [rows.named(name) for name in rows.names()]
    with stacks.home() as home:
        for row in chosen:
            if len(known.of(row, OURS, seeds)) < repeat:
                try_to_train(home, row.file, seed=1)  # compiles
            for seed in seeds:
                _seed(home, known, row, seed)
    return [line for row in chosen for line in lines(row, known, seeds)]


def _seed(home: Path, known: Records, row: Row, seed: int) -> None:
    """What is not known yet of a seed."""
    if not known.of(row, OURS, [seed]):
        known.add(_record(row, OURS, seed, _ours(home, row, seed)), records.FILE)
    for one in GOALS:
        if one.installed and not known.of(row, one.name, [seed]):
            solved = peer.solve(one, row.problem, seed)
            known.add(_record(row, one.name, seed, solved), records.FILE)


def _ours(home: Path, row: Row, seed: int) -> Solved:
    stack.down(home)
    stack.up(home)
    seconds, report = try_to_train(home, row.file, seed)
    return Solved(seconds, report["env_steps"], report["best_return"])


def _record(row: Row, who: str, seed: int, solved: Solved) -> Record:
    return Record(
        row=row.file.stem, settings=records.settings(row), who=who, seed=seed, **solved._asdict()
    )


def lines(row: Row, known: Records, seeds: Sequence[int]) -> list[Measured]:
    """Seconds, steps, and what part of each peer's ours are, within a seed."""
    ours = known.of(row, OURS, seeds)
    made = _of(row, OURS, ours)
    for one, goal in GOALS.items():
        theirs = known.of(row, one.name, seeds)
        made += [*_of(row, one.name, theirs), *_beside(row, one, goal, ours, theirs)]
    return made


def _of(row: Row, who: str, found: Sequence[Record]) -> list[Measured]:
    seconds, steps = [r.seconds for r in found], [r.env_steps for r in found]
    target = row.problem.target
    short = sum(r.return_mean < target for r in found)
    failed = f"; {short} of {len(found)} did not get there" if short else ""
    missing = "" if found else peer.MISSING
    return [
        _row(
            what=f"{row.name}: {who}",
            unit="s",
            samples=seconds,
            note=missing or f"{interval(seconds)}{failed}",
        ),
        _row(
            what=f"{row.name}: {who}, to the target",
            unit="steps",
            samples=steps,
            note=missing or interval(steps),
        ),
    ]


def _beside(
    row: Row, one: Peer, goal: float, ours: Sequence[Record], theirs: Sequence[Record]
) -> list[Measured]:
    """Ratios of the seeds that both have; our steps against the peer's range."""
    pairs = [(mine, other) for mine in ours for other in theirs if mine.seed == other.seed]
    times = ratios([a.seconds for a, _ in pairs], [b.seconds for _, b in pairs])
    within = max((b.env_steps for _, b in pairs), default=None)
    return [
        _row(
            what=f"{row.name}:   {OURS} / {one.name}",
            unit="x",
            samples=times,
            at_most=goal,
            note=interval(times) if times else peer.MISSING,
        ),
        _row(
            what=f"{row.name}:   {OURS}, in the range of {one.name}",
            unit="steps",
            samples=[a.env_steps for a, _ in pairs],
            at_most=within,
            note="" if pairs else peer.MISSING,
        ),
    ]


def interval(samples: Sequence[float]) -> str:
    """The mean's, in words."""
    if len(samples) < 2:
        return ""
    mean, half = of_mean(samples)
    return f"mean {number(mean)} ± {number(half)} (95 %)"
