"""What a committed version promises: the commands that its learner sends and recovery repeats."""

from collections.abc import Sequence

from msgspec.structs import replace

from faastraingym.events.pipeline import flow, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import History
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    PolicyUpdated,
    RunMessage,
    UpdatePolicy,
    WarmUp,
)
from faastraingym.schemas.references import PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec


def rollouts(
    under: PolicyUpdated | UpdatePolicy, count: int, batch: Sequence[TrajectoryRef], lag: int = 0
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


def beside(update: UpdatePolicy) -> list[CollectRollout]:
    """The rollouts that run beside an update, under the policy that it begins with."""
    schedule = update.schedule
    return rollouts(update, schedule.rollouts, update.batch, schedule.lag) if schedule.lag else []


def evaluation(about: RunMessage, policy: PolicyRef, spec: RunSpec) -> list[EvaluatePolicy]:
    """The commands for an evaluation of a policy of the run `about`: one for each of its pieces."""
    whole = EvaluatePolicy(run=about.run, manifest=about.manifest, policy=policy)
    pieces = spec.evaluation.pieces or 1  # none in a manifest of an older release
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
