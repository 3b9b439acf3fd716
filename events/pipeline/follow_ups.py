"""What a committed version promises: the commands that its learner sends and recovery repeats."""

from collections.abc import Sequence

from msgspec.structs import replace

from faastraingym.events.pipeline import batches, flow, subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import acting
from faastraingym.schemas import messages as m
from faastraingym.schemas.references import PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec


def rollouts(
    under: m.PolicyUpdated, spec: RunSpec, count: int, batch: Sequence[TrajectoryRef], lag: int = 0
) -> list[m.CollectRollout]:
    """One command per slot of a fan-out of `count`, under a message's policy.

    A slot continues where its rollout in `batch`, the batch before, stopped; a slot that was not in
    it starts afresh.
    """
    previous = {ref.index: ref for ref in batch}
    return [
        m.CollectRollout(
            run=under.run,
            manifest=under.manifest,
            policy=under.policy,
            lag=lag,
            index=index,
            previous=previous.get(index),
            straggler_factor=spec.rollout.straggler_factor,
        )
        for index in range(count)
    ]


def of_batch(history: History, spec: RunSpec, version: int) -> list[m.CollectRollout]:
    """All rollouts from which a version learns; of a segment's last version, those that resume it.

    Empty if the log has lost the policy that acts, or the batch before, which says how they go on.
    """
    under, before = history.policies.get(acting(spec, version)), history.rewards.get(version - 1)
    if under is None or (version and before is None):
        return []
    batch, lag = before.batch if before else [], version - under.policy.version
    return rollouts(under, spec, spec.rollout.count, batch, lag)


def fan_out(
    updated: m.PolicyUpdated, spec: RunSpec, batch: Sequence[TrajectoryRef], lag: int = 0
) -> list[m.CollectRollout | m.EvaluatePolicy | Invocation]:
    """The commands that a new version promises; it learnt from `batch`.

    With a `lag` between it and the version that learns from its rollouts, `plan-update` sends the
    rollouts, as it knows the acting version and the batch before.
    """
    due = evaluation(updated, updated.policy, spec) if updated.evaluate else []
    if lag and updated.rollouts:
        return [invocation(updated), *due]
    return [*rollouts(updated, spec, updated.rollouts, batch), *due]


def evaluation(about: m.RunMessage, policy: PolicyRef, spec: RunSpec) -> list[m.EvaluatePolicy]:
    """The commands for an evaluation of a policy of the run `about`: one for each piece."""
    whole = m.EvaluatePolicy(run=about.run, manifest=about.manifest, policy=policy)
    pieces = batches.pieces(spec)
    return [whole] if pieces == 1 else [replace(whole, piece=piece) for piece in range(pieces)]


def warm_ups(run: str) -> list[Invocation]:
    """Start one replica of each function that a run will need, while its learner starts."""
    return [Invocation(function, m.WarmUp(run=run)) for function in flow.LINES[m.WarmUp].invoked]


def kept(message: m.Message | None) -> str | None:
    """The subject of the fact that exists once all that a message asks for was done."""
    if message is None:
        return None
    done = flow.LINES[type(message)].done
    tells = (kind for kind in done if len(kind.identity) == len(message.outcome))
    return next((subjects.of_kind(kind, *message.outcome) for kind in tells), None)


def is_needless(message: m.Message, history: History) -> bool:
    """Whether a rollout comes too late: its version's batch is complete without it."""
    return isinstance(message, m.CollectRollout) and message.version in history.rewards
