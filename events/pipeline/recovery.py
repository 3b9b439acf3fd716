"""Messages that a run waits for beyond their deadline: pure.

Everything derives from identity, so a command that is issued again makes the same object, and a
receiver that gets a fact again publishes the same facts.
"""

from collections.abc import Sequence

from faastraingym.events.pipeline import follow_ups
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.conclusion import is_last
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.next_step import collect
from faastraingym.events.pipeline.planning import on_segment
from faastraingym.schemas import messages as m
from faastraingym.schemas.specification import RolloutSpec, RunSpec

MOST_STALLS = 10  # deadlines in a row, nothing being published meanwhile, that a run survives
# A command that was lost is issued again soon; one that is slow, or waits for others' work, needs
# time: with the default deadline 2.6 hours, far beyond what the queue-worker tries it for.
MOST_DEADLINES = 8  # in one: it doubles with each stall in a row

Again = m.RunStalled | m.RunFailed | m.RunUnreported | Invocation


def overdue(history: History, spec: RunSpec | None, now: float) -> list[Again]:
    """The messages to publish and issue at `now` (Unix time, seconds): none before the deadline.

    Without `spec` the run has not started. A stall is itself a fact of the run, so the next
    deadline counts from there; a run that stalls too often without any progress fails.
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
    run, segment, function = history.requested.run, history.segment, again[0].function
    waiting_for = [in_words(item) for item in again]
    if history.fruitless < MOST_STALLS:
        return [m.RunStalled(run=run, number=history.stalls, waiting_for=waiting_for), *again]
    why = f"issued again {history.fruitless} times and never answered"
    if history.end:
        reason = f"its report cannot be written: {why}; see `faastrain logs {function}`"
        return [m.RunUnreported(run=run, reason=reason, segment=segment)]
    reason = (
        f"no progress: {why}: {', '.join(waiting_for[:5])}; see `faastrain logs {function}`, then "
        f"`faastrain resume {run}`"
    )
    policy = history.latest.policy if history.latest else None
    return [m.RunFailed(run=run, reason=reason, function=function, segment=segment, policy=policy)]


def missing(history: History, spec: RunSpec | None, stalls: int = 0) -> list[Invocation]:
    """The invocations that the run waits for, under call ids that the queue has not seen.

    Every resumption and every stall issues them once; `stalls` are being published just now.
    """
    if history.over:
        return []
    attempt = history.segment + history.stalls + stalls
    return [item._replace(attempt=attempt) for item in _missing(history, spec)]


def in_words(item: Invocation) -> str:
    """A missing piece of work for a person: `rollout 1 of version 7`."""
    match item.message:
        case m.CollectRollout(index=index) as command:
            return f"rollout {index} of version {command.version}"
        case m.EvaluatePolicy(policy=policy, piece=piece):
            of_piece = "" if piece is None else f"piece {piece} of the "
            return f"{of_piece}evaluation of version {policy.version}"
    return item.function


def _missing(history: History, spec: RunSpec | None) -> list[Invocation]:
    if history.end is not None:  # its report is missing
        return [invocation(history.newest.given_up or history.end)]
    if history.dead_letters:  # the same delivery would only be given up again
        return [invocation(history.dead_letters[0])]
    if spec is None:
        return [invocation(history.requested)] if history.requested else []
    latest = history.latest
    if latest is None:
        return [invocation(history.started)] if history.started else []
    if history.newest.stop is not None:
        return [invocation(history.newest.stop)]
    spec = on_segment(spec, history.resumed)
    step = _gap(history, spec, latest) or _next_step(history, spec, latest)
    return [*_evaluations(history, spec), *step]


def _gap(history: History, spec: RunSpec, latest: m.PolicyUpdated) -> list[Invocation]:
    """The step that fills the log's first gap, if any: the facts after it depend on it.

    A log that lost its end may have received later versions from deliveries that were under way.
    """
    for version in range(latest.policy.version):
        if version not in history.policies or version not in history.rewards:
            return _step(history, spec, version)
    return []


def _evaluations(history: History, spec: RunSpec) -> list[Invocation]:
    """The evaluations that were promised, and that of the newest version if the budget ends there.

    The planner of that version may not have known: the run was resumed to this budget meanwhile.
    """
    newest = max(history.policies)
    return [
        item
        for version, updated in sorted(history.policies.items())
        if version not in history.evaluations
        if updated.evaluate or (version == newest and is_last(updated, spec))
        for item in _evaluation(history, spec, updated)
    ]


def _evaluation(history: History, spec: RunSpec, updated: m.PolicyUpdated) -> list[Invocation]:
    played = history.evaluated.get(updated.policy.version, {})
    due = follow_ups.evaluation(updated, updated.policy, spec)
    waiting = [invocation(command) for command in due if command.piece not in played]
    return waiting or [invocation(played[max(played)])]


def _next_step(history: History, spec: RunSpec, latest: m.PolicyUpdated) -> list[Invocation]:
    version = latest.policy.version
    if is_last(latest, spec):
        evaluation = history.evaluations.get(version)
        return [invocation(evaluation)] if evaluation else []
    if version in history.rewards:
        return [invocation(history.rewards[version]), *_ahead(history, spec, version)]
    while version and not _is_whole(history, spec, version - 1):
        version -= 1  # to the first step in a gap of the log
    return _step(history, spec, version)


def _ahead(history: History, spec: RunSpec, version: int) -> list[Invocation]:
    """The rollouts of the first batch that is not whole, if the update of `version` is not next.

    With a policy lag above 1, several batches may be collected before their versions.
    """
    batch = version + 1
    while batch in history.rewards:
        batch += 1
    due = collect(spec, batch, history) if batch > version + 1 else []
    return _of_batch(history, spec, batch, due)


def _step(history: History, spec: RunSpec, version: int) -> list[Invocation]:
    """The next step of a version; all facts of the version before are published."""
    if version not in history.policies:
        before: m.Message | None = history.rewards.get(version - 1) or history.started
        return [invocation(before)] if before else []
    return _of_batch(history, spec, version, follow_ups.of_batch(history, spec, version))


def _of_batch(
    history: History, spec: RunSpec, version: int, due: Sequence[m.CollectRollout]
) -> list[Invocation]:
    """The rollouts of `due` that a batch waits for; if there are enough, its aggregation."""
    completed = history.rollouts.get(version, {})
    if due and len(completed) >= spec.rollout.needed:
        return [invocation(completed[max(completed)])]
    return [invocation(command) for command in due if command.index not in completed]


def _is_whole(history: History, spec: RunSpec, version: int) -> bool:
    """Whether the log has the facts of a version from which the next one is made."""
    lagging = spec.rollout.max_policy_lag > 0  # else rewards name the policy that learns from them
    return version in history.rewards and (version in history.policies or not lagging)
