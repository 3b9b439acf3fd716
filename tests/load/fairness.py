"""Fairness: a small run starts while a large one has hundreds of rollouts queued."""

from benchmarks.report import Row
from faastraingym.schemas.messages import PolicyUpdated, RolloutCompleted

from .runs import Bench, Ended, ended, losses, none, queued, request, seconds, train
from .sizes import Size, slow

NAME = "fairness"
SMALL = 4  # rollouts of the small run
SLOTS = 4  # replicas of rollout: FTG_MAX_ROLLOUTS
# In flight when the small run's commands come, then one between two of its own, then some luck.
MAY_PASS = SLOTS + 2 * SMALL + SLOTS


async def measure(at: Bench, size: Size) -> list[Row]:
    """The small run takes turns: its rollouts wait for some of the large one's, not for all."""
    await train(at, "small-first", slow(SMALL, size.seconds))  # cold starts, compilation
    alone = await train(at, "small-alone", slow(SMALL, size.seconds))
    crowd = slow(size.crowd, size.seconds)
    await request(at, "large", crowd)
    await queued(at, size.crowd - 2 * SLOTS)
    small = await train(at, "small", slow(SMALL, size.seconds))
    large = await ended(at, "large", crowd)
    passed = overtaken(small, large)
    return [
        *compared("the run", seconds(alone), seconds(small)),
        *compared("its rollouts", rollouts(alone), rollouts(small)),
        Row(
            benchmark=NAME,
            what=f"{size.crowd} rollouts of the large run",
            unit="s",
            samples=[rollouts(large)],
            note=f"{size.seconds} s each, {SLOTS} at once",
        ),
        Row(
            benchmark=NAME,
            what="rollouts of the large run meanwhile",
            samples=[float(passed)],
            at_most=MAY_PASS,
            note=f"in stream order they would be more than {size.crowd - 4 * SLOTS}",
        ),
        none(NAME, "SHA-256 other than alone", alone.sha256 != small.sha256),
        *await losses(at, NAME, alone, small, large),
    ]


def compared(what: str, alone: float, among: float) -> list[Row]:
    """Seconds alone, and among the crowd in multiples of that."""
    return [
        Row(benchmark=NAME, what=f"{what}, {SMALL} rollouts, alone", unit="s", samples=[alone]),
        Row(benchmark=NAME, what=f"{what}, among / alone", unit="x", samples=[among / alone]),
    ]


def rollouts(run: Ended) -> float:
    """Seconds from version 0 to its last rollout."""
    done = [r.at for r in run.records if isinstance(r.fact, RolloutCompleted)]
    return max(done) - next(r.at for r in run.records if isinstance(r.fact, PolicyUpdated))


def overtaken(small: Ended, large: Ended) -> int:
    """The large run's rollouts between the small one's first version and its last rollout."""
    begun = next(r.sequence for r in small.records if isinstance(r.fact, PolicyUpdated))
    done = max(r.sequence for r in small.records if isinstance(r.fact, RolloutCompleted))
    others = [r.sequence for r in large.records if isinstance(r.fact, RolloutCompleted)]
    return sum(begun < sequence < done for sequence in others)
