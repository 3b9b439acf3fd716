"""The grid of examples/experiments/cartpole.toml, 36 runs: ours beside Ray Tune's and Optuna's.

Those train Stable-Baselines3's PPO with the same settings, seeds and budget. First whole: the wall
clock of one command; our stack is up, every function at zero, and nothing was compiled before. Then
the processes that lead the sweep are killed (SIGKILL) once half of the runs have ended: all of our
stack and the command; driver and workers of the others. The same command goes on: after
`faastrain up` our sweep goes on by itself; `Tuner.restore` begins from the checkpoint of each
trial's last evaluation; Optuna retries the trials whose heartbeats have stopped. Steps are counted
by the batch: what was being collected when it was killed, a batch of each run at most, is not
counted. Of ours every invocation of `rollout` beyond those that a run needs counts as a batch's
part that was collected again. Cut off, the benchmark goes on where it was; without
benchmarks/results/sweeps.json it measures anew.
"""

import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import kept, stacks
from benchmarks.peers import peer
from benchmarks.report import Row
from benchmarks.sweeps.contestants import Contestant, Ours, Peer, sweep
from faastraingym.algorithms.experiments import space, specification

FILE = stacks.CHECKOUT / "examples" / "experiments" / "cartpole.toml"
RESULTS = stacks.CHECKOUT / "benchmarks" / "results" / "sweeps.json"
OURS, TUNE, OPTUNA = "faastrain", "Ray Tune", "Optuna"
PULSE_SECONDS = 0.5

_row = partial(Row, benchmark="sweeps")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep, from its command to its end."""

    who: str
    killed: bool
    settings: str  # digest of the file
    runs: int
    ended: int  # runs, in the end
    going: int  # runs that went on when it was killed
    seconds: float  # of its commands; when it was killed of both, and of `up`
    env_steps: int  # that were taken


class Records(msgspec.Struct, kw_only=True):
    """Of one machine."""

    machine: dict[str, str]
    records: list[Record] = []


def measure(repeat: int) -> list[Row]:
    """Ours, then the peers'.

    Raises:
        ValueError: it is to be repeated; a sweep takes minutes, and is known once it was run.
    """
    if repeat != 1:
        raise ValueError(f"sweeps: --repeat: found {repeat}; allowed: 1")
    known = kept.of_machine(RESULTS, Records)
    digest = kept.settings(FILE)
    for who in (OURS, TUNE, OPTUNA):
        for killed in (False, True):
            if find(known, who, killed, digest) is None:
                with contestant(who, FILE) as one:
                    if one.installed:
                        known.records.append(record(one, digest, killed=killed))
                        kept.write(RESULTS, kept.document(known))
    return rows(known, digest)


@contextmanager
def contestant(who: str, file: Path) -> Iterator[Contestant]:
    """One of them, in a folder of its own."""
    spec = specification.parse(tomllib.loads(file.read_text()))
    with tempfile.TemporaryDirectory(prefix="ftg-sweep-") as folder:
        made: dict[str, Any] = {
            OURS: lambda: Ours(file, spec, Path(folder)),
            TUNE: lambda: Peer(TUNE, "ray", "tune_process", sweep(spec, Path(folder))),
            OPTUNA: lambda: Peer(OPTUNA, "optuna", "optuna_process", sweep(spec, Path(folder))),
        }
        one: Contestant = made[who]()
        try:
            yield one
        finally:
            one.close()


def record(one: Contestant, settings: str, *, killed: bool, file: Path = FILE) -> Record:
    """Train the sweep.

    Raises:
        RuntimeError: it failed.
    """
    spec = specification.parse(tomllib.loads(file.read_text()))
    runs = len(space.grid(spec)) * len(spec.seeds)
    one.prepare()
    begun, going = time.perf_counter(), 0
    process = one.begin()
    if killed:
        while (standing := one.standing()).ended < runs // 2:
            if process.poll() is not None:
                raise RuntimeError(f"{one.name}: it ended with {standing.ended} of {runs} runs")
            time.sleep(PULSE_SECONDS)
        going = standing.going
        one.kill(process)
        process = one.begin()
    if process.wait():
        raise RuntimeError(f"{one.name}: exit code {process.returncode}")
    seconds, standing = time.perf_counter() - begun, one.standing()
    return Record(
        who=one.name,
        killed=killed,
        settings=settings,
        runs=runs,
        ended=standing.ended,
        going=going,
        seconds=seconds,
        env_steps=one.env_steps(),
    )


def rows(known: Records, settings: str) -> list[Row]:
    """Seconds of each, ours beside theirs; steps that the kill cost."""
    made = []
    ours = find(known, OURS, False, settings)
    for who in (OURS, TUNE, OPTUNA):
        whole, killed = (find(known, who, one, settings) for one in (False, True))
        made.append(_seconds(who, whole))
        if who != OURS:
            ratio = [ours.seconds / whole.seconds] if ours and whole else []
            note = "" if ratio else peer.MISSING
            made.append(_row(what=f"  {OURS} / {who}", unit="x", samples=ratio, note=note))
        made.append(_repeated(who, whole, killed))
    return made


def _seconds(who: str, whole: Record | None) -> Row:
    what = f"36 runs, {who}"
    if whole is None:
        return _row(what=what, unit="s", note=peer.MISSING)
    note = f"{whole.ended} of {whole.runs} runs ended; {whole.env_steps:,} steps"
    return _row(what=what, unit="s", samples=[whole.seconds], note=note)


def _repeated(who: str, whole: Record | None, killed: Record | None) -> Row:
    what = f"killed half way, {who}: taken again"
    if whole is None or killed is None:
        return _row(what=what, unit="steps", note=peer.MISSING)
    note = (
        f"{killed.going} runs went on then; {killed.runs - killed.ended} of {killed.runs} were "
        f"lost; {killed.seconds:.0f} s in all"
    )
    again = max(0, killed.env_steps - whole.env_steps)
    return _row(what=what, unit="steps", samples=[again], note=note)


def find(known: Records, who: str, killed: bool, settings: str) -> Record | None:
    """The record of a sweep as its file is now."""
    wanted = (who, killed, settings)
    return next((r for r in known.records if (r.who, r.killed, r.settings) == wanted), None)
