"""What was promised and has not come by its deadline: pure.

Everything derives from identity, so a command that is issued again makes the same object, and a
receiver that gets a fact again publishes the same facts.
"""

from collections.abc import Sequence

from faastraingym.events.pipeline import batches, follow_ups
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.conclusion import is_last
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.next_step import collect
from faastraingym.events.pipeline.planning import on_segment
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    PolicyUpdated,
    RunFailed,
    RunStalled,
    RunUnreported,
)
from faastraingym.schemas.specification import RolloutSpec, RunSpec

MOST_STALLS = 10  # deadlines in a row, nothing being published meanwhile, that a run survives
# A command that was lost is issued again soon; one that is slow, or waits for others' work, needs
# time: with the default deadline 2.6 hours, far beyond what the queue-worker tries it for.
MOST_DEADLINES = 8  # in one: it doubles with each stall in a row

Again = RunStalled | RunFailed | RunUnreported | Invocation


def overdue(history: History, spec: RunSpec | None, now: float) -> list[Again]:
    """What is to be published and issued, `now` (Unix time, seconds) being past the deadline.

    Without `spec` the run has not started. That it stalled is itself a fact of the run, so the next
    deadline counts from there; a run that stalled too often without any progress fails.
    """
    rollout = spec.rollout if spec else RolloutSpec()
    deadlines = min(MOST_DEADLINES, 2**history.fruitless)
    if now - history.last_at < rollout.deadline_seconds * deadlines:
        return []
    return stalled(history, spec)


def stalled(history: History, spec: RunSpec | None) -> list[Again]:
    """As `overdue`, at any time."""
    again = missing(history, spec, stalls=1)
    if not again or history.requested is None:
        return []
    run, waiting_for = history.requested.run, [in_words(item) for item in again]
    if history.fruitless >= MOST_STALLS and history.end:
        function = again[0].function
        why = f"issued again {history.fruitless} times and never answered"
        reason = f"its report cannot be written: {why}; see `faastrain logs {function}`"
        return [RunUnreported(run=run, reason=reason, segment=history.segment)]
    if history.fruitless >= MOST_STALLS:
        reason = (
            f"no progress: issued again {history.fruitless} times and never answered: "
            f"{', '.join(waiting_for[:5])}; see `faastrain logs {again[0].function}`, then "
            f"`faastrain resume {run}`"
        )
        return [
            RunFailed(
                run=run,
                reason=reason,
                function=again[0].function,
                segment=history.segment,
                policy=history.latest.policy if history.latest else None,
            )
        ]
    return [RunStalled(run=run, number=history.stalls, waiting_for=waiting_for), *again]


def missing(history: History, spec: RunSpec | None, stalls: int = 0) -> list[Invocation]:
    """What the run waits for, under call ids that the queue has not seen.

    `spec` is the manifest's. Every resumption issues once, and so does every stall: `stalls` are
    those that are just being published.
    """
    if history.over:
        return []
    attempt = history.segment + history.stalls + stalls
    return [item._replace(attempt=attempt) for item in _missing(history, spec)]


def in_words(item: Invocation) -> str:
    """A missing piece of work for a person: `rollout 1 of version 7`."""
    match item.message:
        case CollectRollout(index=index) as command:
            return f"rollout {index} of version {command.version}"
        case EvaluatePolicy(policy=policy, piece=piece):
            of_piece = "" if piece is None else f"piece {piece} of the "
            return f"{of_piece}evaluation of version {policy.version}"
    return item.function


def _missing(history: History, spec: RunSpec | None) -> list[Invocation]:
    if history.end is not None:  # without a report
        return [invocation(history.newest.given_up or history.end)]
    if history.dead_letters:  # what was given up would only be given up again
        return [invocation(history.dead_letters[0])]
    if spec is None:
        return [invocation(history.requested)] if history.requested else []
    latest = history.latest
    if latest is None:
        return [invocation(history.started)] if history.started else []
    if history.stop is not None:
        return [invocation(history.stop)]
    spec = on_segment(spec, history.resumed)
    step = _gap(history, spec, latest) or _next_step(history, spec, latest)
    return [*_evaluations(history, spec), *step]


def _gap(history: History, spec: RunSpec, latest: PolicyUpdated) -> list[Invocation]:
    """What fills the log's first gap, if it has any.

    A log that lost its end may have received later versions from deliveries that were under way;
    what was published after the gap can be made again only once that is published again.
    """
    for version in range(latest.policy.version):
        if version not in history.policies or version not in history.rewards:
            return _step(history, spec, version)
    return []


def _evaluations(history: History, spec: RunSpec) -> list[Invocation]:
    """Those that were promised, and that of the newest version when the budget ends with it.

    Its planner may not have known: the run was resumed to this budget meanwhile.
    """
    newest = max(history.policies)
    return [
        item
        for version, updated in sorted(history.policies.items())
        if version not in history.evaluations
        if updated.evaluate or (version == newest and is_last(updated, spec))
        for item in _evaluation(history, spec, updated)
    ]


def _evaluation(history: History, spec: RunSpec, updated: PolicyUpdated) -> list[Invocation]:
    """The pieces that an evaluation waits for; where there are all, the merge."""
    played = history.evaluated.get(updated.policy.version, {})
    due = follow_ups.evaluation(updated, updated.policy, spec)
    waiting = [invocation(command) for command in due if command.piece not in played]
    return waiting or [invocation(played[max(played)])]


def _next_step(history: History, spec: RunSpec, latest: PolicyUpdated) -> list[Invocation]:
    """The step that the newest version waits for."""
    version = latest.policy.version
    if is_last(latest, spec):
        evaluation = history.evaluations.get(version)
        return [invocation(evaluation)] if evaluation else []
    if version in history.rewards:
        return [invocation(history.rewards[version]), *_ahead(history, spec, version)]
    return _towards_rewards(history, spec, version)


def _ahead(history: History, spec: RunSpec, version: int) -> list[Invocation]:
    """What the first batch waits for that is not whole, if the update of `version` is not next.

    It is that with a policy lag above 1: several batches may be collected before their versions.
    """
    batch = version + 1
    while batch in history.rewards:
        batch += 1
    due = collect(spec, batch, history) if batch > version + 1 else []
    return _of_batch(history, spec, batch, due)


def _towards_rewards(history: History, spec: RunSpec, version: int) -> list[Invocation]:
    """What the version's rewards wait for; where the log has a gap, what the first version does."""
    while version and not _is_whole(history, spec, version - 1):
        version -= 1
    return _step(history, spec, version)


def _step(history: History, spec: RunSpec, version: int) -> list[Invocation]:
    """What is next for a version, all being published of the one before."""
    if version not in history.policies:
        before: Message | None = history.rewards.get(version - 1) or history.started
        return [invocation(before)] if before else []
    return _of_batch(history, spec, version, follow_ups.of_batch(history, spec, version))


def _of_batch(
    history: History, spec: RunSpec, version: int, due: Sequence[CollectRollout]
) -> list[Invocation]:
    """The rollouts of `due` that a batch waits for; where there are enough, its aggregation."""
    completed = history.rollouts.get(version, {})
    if due and batches.reaches_threshold(spec, len(completed)):
        return [invocation(completed[max(completed)])]
    return [invocation(command) for command in due if command.index not in completed]


def _is_whole(history: History, spec: RunSpec, version: int) -> bool:
    """Whether the log has of a version what the next one is made from."""
    lagging = spec.rollout.max_policy_lag > 0  # else rewards name the policy that learns from them
    return version in history.rewards and (version in history.policies or not lagging)
