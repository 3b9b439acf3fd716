"""When a version has its threshold of rollouts, or all pieces of its evaluation: pure."""

from collections.abc import Iterable, Sequence

from faastraingym.events.ports import Unavailable
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EpisodeSummary,
    Message,
    RewardsReady,
    RolloutCompleted,
)
from faastraingym.schemas.specification import RunSpec


def reaches_threshold(spec: RunSpec, rollouts: int) -> bool:
    """Whether a version has the rollouts that its update learns from (`rollout.threshold`)."""
    return rollouts >= spec.rollout.needed


def batch(spec: RunSpec, said: Sequence[Message]) -> RewardsReady | None:
    """The batch of a version whose threshold is reached; None when the log has it.

    Args:
        spec: the run's.
        said: the version's rollouts, in the log's order, and its batch if it was published.

    Raises:
        Unavailable: as `_whole`.
    """
    if any(isinstance(fact, RewardsReady) for fact in said):
        return None
    completed = [fact for fact in said if isinstance(fact, RolloutCompleted)]
    _whole(len(completed), spec.rollout.needed, "rollouts")
    return aggregate(spec, completed)


def aggregate(spec: RunSpec, completed: Sequence[RolloutCompleted]) -> RewardsReady:
    """The batch: the first `threshold` rollouts in the log, in index order."""
    chosen = sorted(completed[: spec.rollout.needed], key=lambda fact: fact.index)
    first = chosen[0]
    return RewardsReady(
        run=first.run,
        manifest=first.manifest,
        policy=first.policy,
        lag=first.version - first.policy.version,
        batch=[fact.trajectory for fact in chosen],
        env_steps=sum(fact.env_steps for fact in chosen),
        episodes=merge([fact.episodes for fact in chosen]),
    )


def pieces(spec: RunSpec) -> int:
    """Pieces of an evaluation; none are named in a manifest of an older release."""
    return spec.evaluation.pieces or 1


def evaluation(spec: RunSpec, said: Iterable[Message]) -> list[EpisodesEvaluated]:
    """All pieces of a version's evaluation, in order.

    Raises:
        Unavailable: as `_whole`.
    """
    played = {fact.piece: fact for fact in said if isinstance(fact, EpisodesEvaluated)}
    _whole(len(played), pieces(spec), "pieces")
    return [fact for _, fact in sorted(played.items())]


def merge(summaries: Iterable[EpisodeSummary]) -> EpisodeSummary:
    """All of `summaries` as one; the order matters to the last bit of `return_sum` only."""
    parts = list(summaries)
    least = [part.return_min for part in parts if part.return_min is not None]
    most = [part.return_max for part in parts if part.return_max is not None]
    return EpisodeSummary(
        episodes=sum(part.episodes for part in parts),
        return_sum=sum(part.return_sum for part in parts),
        return_min=min(least, default=None),
        return_max=max(most, default=None),
        length_sum=sum(part.length_sum for part in parts),
    )


def _whole(read: int, wanted: int, what: str) -> None:
    """Hold that as many facts were read as were counted before.

    Raises:
        Unavailable: a replica of the broker was read that is behind the one that counted.
    """
    if read < wanted:
        raise Unavailable(f"{read} {what} of {wanted} were read, more were counted")
