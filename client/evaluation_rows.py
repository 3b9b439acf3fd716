"""What evaluations found, as a table: pure."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta, Struct

from faastraingym.algorithms import bootstrap
from faastraingym.schemas.report import RunReport


class Measured(NamedTuple):
    """A run that has evaluated a policy."""

    report: RunReport
    returns: np.ndarray  # [E] float64, undiscounted
    lengths: np.ndarray  # [E] int64, in steps
    began_at: float  # Unix time, seconds
    ended_at: float


class Row(Struct, frozen=True, kw_only=True):
    """The episodes of one run, or of all runs in an environment."""

    environment: str
    seed: Annotated[int | None, Meta(description="null: of all seeds together")]
    run_id: Annotated[str, Meta(description="empty: of several runs")] = ""
    episodes: int
    mean: Annotated[float, Meta(description="return, undiscounted")]
    low: Annotated[float, Meta(description="of the mean's 95 % interval, by a bootstrap")]
    high: float
    min: float
    max: float
    length_mean: Annotated[float, Meta(description="steps of an episode")]


def rows(found: Sequence[Measured]) -> Iterator[Row]:
    """A row for each run in their order; after an environment's several seeds one of all of them.

    Args:
        found: runs; those of one environment follow one another.
    """
    for environment, runs in groupby(found, lambda one: one.report.environment):
        measured = list(runs)
        for one in measured:
            seed = one.report.spec.get("seed", 0)
            yield _row(environment, seed, one.report.run_id, one.returns, one.lengths)
        if len(measured) > 1:
            returns = np.concatenate([one.returns for one in measured])
            lengths = np.concatenate([one.lengths for one in measured])
            yield _row(environment, None, "", returns, lengths)


def gb_seconds(found: Sequence[Measured]) -> float:
    """The cost of all runs, all functions together."""
    return sum(usage.gb_seconds for one in found for usage in one.report.usage.values())


def wall_seconds(found: Sequence[Measured]) -> float:
    """From the first run's request to the last one's end; 0 without runs."""
    if not found:
        return 0.0
    return max(one.ended_at for one in found) - min(one.began_at for one in found)


def _row(
    environment: str, seed: int | None, run: str, returns: np.ndarray, lengths: np.ndarray
) -> Row:
    low, high = bootstrap.interval(returns)
    return Row(
        environment=environment,
        seed=seed,
        run_id=run,
        episodes=len(returns),
        mean=float(returns.mean()),
        low=low,
        high=high,
        min=float(returns.min()),
        max=float(returns.max()),
        length_mean=float(lengths.mean()),
    )
