"""When a version has its threshold of rollouts, or all pieces of its evaluation: pure."""

from collections.abc import Iterable, Sequence

from faastraingym.events.ports import Unavailable
from faastraingym.schemas import messages as m
from faastraingym.schemas.specification import RunSpec


def batch(spec: RunSpec, said: Sequence[m.Message]) -> m.RewardsReady | None:
    """The batch of a version: its first `threshold` rollouts in the log, in index order.

    `said` are the version's rollouts, in the log's order, and its batch if it was published: then
    None. Unavailable as `_check_whole`.
    """
    if any(isinstance(fact, m.RewardsReady) for fact in said):
        return None
    completed = [fact for fact in said if isinstance(fact, m.RolloutCompleted)]
    _check_whole(len(completed), spec.rollout.needed, "rollouts")
    chosen = sorted(completed[: spec.rollout.needed], key=lambda fact: fact.index)
    first = chosen[0]
    return m.RewardsReady(
        run=first.run,
        manifest=first.manifest,
        policy=first.policy,
        lag=first.version - first.policy.version,
        batch=[fact.trajectory for fact in chosen],
        env_steps=sum(fact.env_steps for fact in chosen),
        episodes=merge([fact.episodes for fact in chosen]),
    )


def pieces(spec: RunSpec) -> int:
    """The number of pieces of an evaluation; manifests of older releases name none."""
    return spec.evaluation.pieces or 1


def evaluation(spec: RunSpec, said: Iterable[m.Message]) -> list[m.EpisodesEvaluated]:
    """All pieces of a version's evaluation, in order; Unavailable as `_check_whole`."""
    played = {fact.piece: fact for fact in said if isinstance(fact, m.EpisodesEvaluated)}
    _check_whole(len(played), pieces(spec), "pieces")
    return [fact for _, fact in sorted(played.items())]


def merge(parts: Sequence[m.EpisodeSummary]) -> m.EpisodeSummary:
    """All summaries as one; the order of `parts` matters to the last bit of `return_sum` only."""
    least = [part.return_min for part in parts if part.return_min is not None]
    most = [part.return_max for part in parts if part.return_max is not None]
    return m.EpisodeSummary(
        episodes=sum(part.episodes for part in parts),
        return_sum=sum(part.return_sum for part in parts),
        return_min=min(least, default=None),
        return_max=max(most, default=None),
        length_sum=sum(part.length_sum for part in parts),
    )


def _check_whole(read: int, wanted: int, what: str) -> None:
    """Unavailable, if the replica of the broker that was read is behind the one that counted."""
    if read < wanted:
        raise Unavailable(f"{read} {what} of {wanted} were read, more were counted")
