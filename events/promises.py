"""What a committed version promises: the commands that its learner sends and recovery repeats."""

from collections.abc import Sequence

from events import subjects
from events.history import History
from schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    EvaluationCompleted,
    Message,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    RunStarted,
    UpdatePolicy,
)
from schemas.references import TrajectoryRef


def rollouts(updated: PolicyUpdated, batch: Sequence[TrajectoryRef]) -> list[CollectRollout]:
    """One command per slot of the version's fan-out.

    A slot goes on where its rollout in `batch`, which the version was learnt from, stopped; a slot
    that was not in it starts afresh.
    """
    previous = {ref.index: ref for ref in batch}
    return [
        CollectRollout(
            run=updated.run,
            manifest=updated.manifest,
            policy=updated.policy,
            index=index,
            previous=previous.get(index),
        )
        for index in range(updated.rollouts)
    ]


def evaluations(updated: PolicyUpdated) -> list[EvaluatePolicy]:
    """The version's evaluation, when one is due."""
    evaluate = EvaluatePolicy(run=updated.run, manifest=updated.manifest, policy=updated.policy)
    return [evaluate] if updated.evaluate else []


def kept(message: Message | None) -> str | None:
    """The subject under which something was said once all that a message is for has been done.

    That a learner said its version does not mean that it sent the commands after it: that the
    version's rewards are ready does.
    """
    match message:
        case RunStarted(run=run):
            return subjects.of_kind(RewardsReady, run, 0)
        case UpdatePolicy(run=run, policy=policy):
            return subjects.of_kind(RewardsReady, run, policy.version + 1)
        case CollectRollout(run=run, policy=policy, index=index):
            return subjects.of_kind(RolloutCompleted, run, policy.version, index)
        case EvaluatePolicy(run=run, policy=policy):
            return subjects.of_kind(EvaluationCompleted, run, policy.version)
    return None


def is_needless(message: Message | None, history: History) -> bool:
    """Whether a rollout comes too late: its version's batch is complete without it."""
    return isinstance(message, CollectRollout) and message.policy.version in history.rewards
