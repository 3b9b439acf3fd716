"""What the experiments of a row came to, in docs/results/experiments/; what is done already."""

from pathlib import Path
from typing import Any

import msgspec

from benchmarks import kept
from benchmarks.checkout import CHECKOUT
from benchmarks.experiments.rows import Row

FOLDER = CHECKOUT / "docs" / "results" / "experiments"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment, to its end."""

    arm: str
    seed: int  # of its sampler
    trials: int  # copies included
    env_steps: int  # of all runs
    best: int  # the trial
    settings: dict[str, Any]  # of the best trial
    score: float  # of the best trial: mean over its runs
    again: list[float]  # the best configuration's, trained once more with other seeds
    seconds: float
    version: str  # of FaaSTrainGym
    machine: dict[str, str]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A row's document."""

    specification: dict[str, Any]
    again: list[int]
    arms: dict[str, dict[str, Any]]
    outcomes: list[Outcome]

    def of(self, arm: str) -> list[Outcome]:
        """Those of an arm, by seed."""
        return [each for each in self.outcomes if each.arm == arm]

    def beside(self, arm: str, other: str) -> list[tuple[Outcome, Outcome]]:
        """Those of both arms that have the same seed."""
        theirs = {each.seed: each for each in self.of(other)}
        return [(each, theirs[each.seed]) for each in self.of(arm) if each.seed in theirs]


def of(row: Row, folder: Path = FOLDER) -> Results:
    """What is known of a row as its file is now; arms that were others do not count."""
    question = row.question
    nothing = Results(specification=row.raw, again=question.again, arms=question.arms, outcomes=[])
    file = folder / f"{row.name}.json"
    if not file.exists():
        return nothing
    found = load(file)
    if (found.specification, found.again) != (nothing.specification, nothing.again):
        return nothing
    same = {arm for arm, changed in question.arms.items() if found.arms.get(arm) == changed}
    counted = [each for each in found.outcomes if each.arm in same]
    return msgspec.structs.replace(nothing, outcomes=counted)


def missing(row: Row, folder: Path = FOLDER) -> list[tuple[str, int]]:
    """The arm and seed of every experiment that is still to be run."""
    done = {(each.arm, each.seed) for each in of(row, folder).outcomes}
    return [each for each in row.work if each not in done]


def add(row: Row, made: Outcome, folder: Path = FOLDER) -> Results:
    """Write the row's document with one experiment more."""
    known = of(row, folder)
    order = {each: place for place, each in enumerate(row.work)}
    outcomes = sorted([*known.outcomes, made], key=lambda each: order[each.arm, each.seed])
    grown = msgspec.structs.replace(known, outcomes=outcomes)
    kept.write(folder / f"{row.name}.json", kept.document(grown))
    return grown


def load(file: Path) -> Results:
    """Read a document.

    Raises:
        msgspec.ValidationError: it is another one.
    """
    return msgspec.json.decode(file.read_bytes(), type=Results)
