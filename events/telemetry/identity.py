"""What logs and metering say of a message: its type, its run, its version, its slot or piece."""

from typing import Any

from faastraingym.schemas.messages import (
    CollectRollout,
    EpisodesEvaluated,
    EvaluatePolicy,
    EvaluationCompleted,
    Message,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    UpdatePolicy,
    tag,
)


def identity(message: Message | None) -> dict[str, Any]:
    """The fields that there are; none without a message."""
    if message is None:
        return {}
    known: dict[str, Any] = {"heard": tag(message), "run": message.run}
    match message:
        case RolloutCompleted(trajectory=ref):
            known |= {"version": ref.version, "index": ref.index}
        case CollectRollout(index=index):
            known |= {"version": message.version, "index": index}
        case EpisodesEvaluated(piece=piece) | EvaluatePolicy(piece=int() as piece):
            known |= {"version": message.policy.version, "index": piece}
        case RewardsReady():
            known |= {"version": message.version}
        case UpdatePolicy() | PolicyUpdated() | EvaluatePolicy() | EvaluationCompleted():
            known |= {"version": message.policy.version}
    return known
