"""Whether the budget of an experiment admits what would begin next: pure."""

from collections.abc import Iterator
from typing import NamedTuple

from faastraingym.schemas.experiment import Budget


class Use(NamedTuple):
    """What runs of an experiment use, or what would begin next needs."""

    runs: int
    # Up to the rungs that runs were sent to, reached or not, so that time does not matter. A run
    # goes on to the end of its batch, so it may take up to one batch more.
    env_steps: int
    gb_seconds: float = 0.0  # so far; what something needs is not known before


def refusal(budget: Budget, used: Use, needed: Use) -> str | None:
    """Why `needed` may not begin after `used`; None: it may."""
    return next(_refusals(budget, used, needed), None)


def _refusals(budget: Budget, used: Use, needed: Use) -> Iterator[str]:
    if budget.runs is not None and needed.runs and used.runs + needed.runs > budget.runs:
        yield _words("runs", "runs", used.runs, budget.runs, needed.runs)
    if budget.env_steps is not None and used.env_steps + needed.env_steps > budget.env_steps:
        steps = used.env_steps, budget.env_steps, needed.env_steps
        yield _words("env_steps", "environment steps", *steps)
    if budget.gb_seconds is not None and used.gb_seconds >= budget.gb_seconds:
        spent = f"{used.gb_seconds:,.1f} of {budget.gb_seconds:,.1f} GB-seconds"
        yield f"budget.gb_seconds: {spent} are used"


def _words(key: str, unit: str, used: int, allowed: int, needed: int) -> str:
    return f"budget.{key}: {used:,} of {allowed:,} {unit} are used, {needed:,} more do not fit"
