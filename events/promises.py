"""What a committed version promises: the commands that its learner sends and recovery repeats."""

from collections.abc import Sequence

from schemas.messages import CollectRollout, EvaluatePolicy, PolicyUpdated
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
