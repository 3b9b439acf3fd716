"""What the seeds of a row came to: docs/results/ROW.json, which is also what is done already."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import kept
from benchmarks.checkout import CHECKOUT
from benchmarks.intervals import Interval, of_mean
from benchmarks.learn.rows import Goal, Row

FOLDER = CHECKOUT / "docs" / "results"


class Point(msgspec.Struct, frozen=True):
    """Deterministic episodes of one version."""

    env_steps: int
    return_mean: float


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """One seed, trained to the end of its budget."""

    seed: int
    returns: list[float]  # of the last version's evaluation, one for each episode
    env_steps: int
    versions: int
    staleness: float  # mean over the updates
    seconds: float  # of the whole training, compilation and evaluations included
    sha256: str  # of the last version's policy
    curve: list[Point]
    version: str  # of FaaSTrainGym
    machine: dict[str, str]

    @property
    def return_mean(self) -> float:
        """Over its episodes."""
        return sum(self.returns) / len(self.returns)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A row's document."""

    goal: Goal
    specification: dict[str, Any]  # without a seed
    seeds: list[Seed]

    @property
    def interval(self) -> Interval:
        """Of the mean return over the seeds."""
        return of_mean([seed.return_mean for seed in self.seeds])

    @property
    def reached(self) -> bool:
        """Whether the mean over the seeds is the goal or more."""
        return self.interval.mean >= self.goal.goal


def of(row: Row, folder: Path = FOLDER) -> Results:
    """What is known of a row as its file is now; seeds of another specification do not count."""
    nothing = Results(goal=row.goal, specification=row.identity, seeds=[])
    file = folder / f"{row.name}.json"
    if not file.exists():
        return nothing
    found = load(file)
    if found.specification != nothing.specification:
        return nothing
    return msgspec.structs.replace(found, goal=row.goal)


def missing(row: Row, seeds: Iterable[int], folder: Path = FOLDER) -> list[int]:
    """The seeds that are still to be trained."""
    done = {seed.seed for seed in of(row, folder).seeds}
    return [seed for seed in seeds if seed not in done]


def add(row: Row, seed: Seed, folder: Path = FOLDER) -> Results:
    """Write the row's document with one seed more."""
    known = of(row, folder)
    seeds = sorted([*known.seeds, seed], key=lambda each: each.seed)
    grown = msgspec.structs.replace(known, seeds=seeds)
    kept.write(folder / f"{row.name}.json", compact(grown))
    return grown


def load(file: Path) -> Results:
    """Read a document.

    Raises:
        msgspec.ValidationError: it is another one.
    """
    return msgspec.json.decode(file.read_bytes(), type=Results)


def compact(results: Results) -> bytes:
    """JSON with a line for each seed, so that one seed more is one line more."""
    goal, specification = map(msgspec.json.encode, (results.goal, results.specification))
    seeds = b",\n".join(map(msgspec.json.encode, results.seeds))
    return b'{"goal":%b,\n"specification":%b,\n"seeds":[\n%b\n]}\n' % (goal, specification, seeds)
