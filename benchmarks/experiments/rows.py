"""The rows: a file each, an experiment as `faastrain train` takes it.

Its marked lines (benchmarks/marked.py) say beside which samplers and schedulers it stands.
"""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from benchmarks import marked
from faastraingym.algorithms.experiments import specification
from faastraingym.schemas.experiment import ExperimentSpec, Sampled

FOLDER = Path(__file__).parent


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row asks."""

    asks: str  # a sentence
    arms: dict[str, dict[str, Any]]  # by name: the sampler and scheduler in place of the file's
    seeds: Annotated[list[int], Meta(min_length=1)]  # of samplers: an experiment for each
    again: list[int] = []  # seeds of runs, with which the best configuration is trained once more


class Row(NamedTuple):
    """One experiment, in several ways: its arms, of which the first is what others stand beside."""

    file: Path
    question: Question
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        """The file's, without its suffix."""
        return self.file.stem

    def spec(self, arm: str, seed: int) -> ExperimentSpec:
        """The experiment of an arm; `seed` is of its sampler, of which a grid has none."""
        spec = specification.parse({**self.raw, **self.question.arms[arm]})
        if not isinstance(spec.sampler, Sampled):
            return spec
        return msgspec.structs.replace(
            spec, sampler=msgspec.structs.replace(spec.sampler, seed=seed)
        )

    @property
    def work(self) -> list[tuple[str, int]]:
        """The arm and sampler's seed of every experiment."""
        return [(arm, seed) for seed in self.question.seeds for arm in self.question.arms]


def read(file: Path) -> Row:
    """One row.

    Raises:
        ValueError: the file is not there or is none of a row; the text says why.
    """
    question, raw = marked.read(file, Question, specification.parse)
    row = Row(file, question, raw)
    try:
        for arm, seed in row.work:
            row.spec(arm, seed)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return row


names, named = marked.rows(FOLDER, read)
