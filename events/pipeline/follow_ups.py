"""What a committed version promises: the commands that its learner sends and recovery repeats."""

from collections.abc import Sequence

from msgspec.structs import replace

from faastraingym.events.pipeline import batches, flow, subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import acting
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    PolicyUpdated,
    RunMessage,
    WarmUp,
)
from faastraingym.schemas.references import PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec


def rollouts(
    under: PolicyUpdated, count: int, batch: Sequence[TrajectoryRef], lag: int = 0
) -> list[CollectRollout]:
    """One command per slot of a fan-out of `count`, under a message's policy.

    A slot goes on where its rollout in `batch`, the one before, stopped; a slot that was not in it
    starts afresh.
    """
    previous = {ref.index: ref for ref in batch}
    return [
        CollectRollout(
            run=under.run,
            manifest=under.manifest,
            policy=under.policy,
            lag=lag,
            index=index,
            previous=previous.get(index),
        )
        for index in range(count)
    ]


def of_batch(history: History, spec: RunSpec, version: int) -> list[CollectRollout]:
    """All rollouts from which a version learns; of a segment's last one, those that resume it.

    None where the log has lost the policy that acts, or the batch before, from which it says how
    they go on.
    """
    under, before = history.policies.get(acting(spec, version)), history.rewards.get(version - 1)
    if under is None or (version and before is None):
        return []
    batch, lag = before.batch if before else [], version - under.policy.version
    return rollouts(under, spec.rollout.count, batch, lag)


def fan_out(
    updated: PolicyUpdated, spec: RunSpec, batch: Sequence[TrajectoryRef], lag: int = 0
) -> list[CollectRollout | EvaluatePolicy | Invocation]:
    """The commands that a new version promises.

    With a lag the function that knows the acting version and the batch before sends rollouts.

    Args:
        updated: the version.
        spec: the run's.
        batch: what it was learnt from.
        lag: between it and the version that learns from what it collects.
    """
    if lag and updated.rollouts:
        return [invocation(updated), *evaluations(updated, spec)]
    return [*rollouts(updated, updated.rollouts, batch), *evaluations(updated, spec)]


def evaluation(about: RunMessage, policy: PolicyRef, spec: RunSpec) -> list[EvaluatePolicy]:
    """The commands for an evaluation of a policy of the run `about`: one for each of its pieces."""
    whole = EvaluatePolicy(run=about.run, manifest=about.manifest, policy=policy)
    pieces = batches.pieces(spec)
    return [whole] if pieces == 1 else [replace(whole, piece=piece) for piece in range(pieces)]


def evaluations(updated: PolicyUpdated, spec: RunSpec) -> list[EvaluatePolicy]:
    """The version's evaluation, when one is due."""
    return evaluation(updated, updated.policy, spec) if updated.evaluate else []


def warm_ups(run: str) -> list[Invocation]:
    """Replicas of what a run will need, while its learner, which takes longest, starts too.

    A second replica of a function is started by demand, and nothing waits for it.
    """
    return [Invocation(function, WarmUp(run=run)) for function in flow.LINES[WarmUp].invoked]


def kept(message: Message | None) -> str | None:
    """The subject of the fact that is there once all that a message is for has been done."""
    line = flow.LINES.get(type(message)) if message else None
    if message is None or line is None:
        return None
    tells = (kind for kind in line.done if len(kind.identity) == len(message.outcome))
    return next((subjects.of_kind(kind, *message.outcome) for kind in tells), None)


def is_needless(message: Message | None, history: History) -> bool:
    """Whether a rollout comes too late: its version's batch is complete without it."""
    return isinstance(message, CollectRollout) and message.version in history.rewards
