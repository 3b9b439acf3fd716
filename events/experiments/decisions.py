"""What a scheduler is told, what it decides, and how it says why: pure."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Verdict = Literal["continue", "stop", "copy"]
Place = tuple[int, int]  # a trial and the index of a rung


class Result(NamedTuple):
    """Where a trial paused or ended: one per trial and rung, once all of its seeds are there."""

    trial: int
    rung: int  # index into `rungs.rungs(spec, trial)`
    score: float | None  # the mean return over the seeds; None: it failed on its way to the rung


class Decision(NamedTuple):
    """What becomes of a trial after a rung: every result leads to one decision."""

    trial: int
    rung: int
    verdict: Verdict  # copy: another trial, `rungs.successor`, takes its place
    reason: str
    parent: int | None = None  # of a copy: the trial whose policy and learner state it begins with


def place(of: Result | Decision) -> Place:
    """What a result and its decision have in common."""
    return of.trial, of.rung


def ranked(results: Iterable[Result]) -> list[Result]:
    """Best first; of equals the first trial; the failed last."""
    return sorted(results, key=rank_key)


def rank_key(result: Result) -> tuple[bool, float, int]:
    """The order of `ranked`."""
    return result.score is None, -(result.score or 0.0), result.trial


def failure(result: Result, env_steps: int) -> Decision:
    """A trial that failed on its way to a rung at `env_steps` does not go on."""
    return Decision(*place(result), "stop", failed(env_steps))


def standing(result: Result, rank: int, trials: int, env_steps: int) -> str:
    """How a trial stands among those at its rung: "0.43 is 7th of 9 at 10,000 steps"."""
    if result.score is None:
        return failed(env_steps)
    return f"{number(result.score)} is {ordinal(rank)} of {trials} at {env_steps:,} steps"


def failed(env_steps: int) -> str:
    """A failure in words."""
    return f"it failed before {env_steps:,} steps"


def best(count: int) -> str:
    """The first of a ranking, and what they do."""
    return "the best goes on" if count == 1 else f"the best {count} go on"


def number(score: float) -> str:
    """A mean return."""
    return f"{score:.6g}"


def ordinal(rank: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    teens = rank % 100 in (11, 12, 13)
    return f"{rank}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"
