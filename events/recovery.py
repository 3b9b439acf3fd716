"""What was promised and has not come by its deadline: pure.

Everything derives from identity, so a command that is issued again makes the same object, and a
listener that is told a fact again says the same thing.
"""

from msgspec.structs import replace

from events import promises
from events.commands import Invocation, invocation
from events.conclusion import is_last
from events.history import History
from events.planning import on_leg
from schemas.messages import CollectRollout, EvaluatePolicy, PolicyUpdated, RunFailed, RunStalled
from schemas.specification import RolloutSpec, RunSpec

MOST_STALLS = 10  # deadlines in a row, nothing being said meanwhile, that a run survives

Again = RunStalled | RunFailed | Invocation


def overdue(history: History, spec: RunSpec | None, now: float) -> list[Again]:
    """What is to be said and issued, `now` (Unix time, seconds) being past the deadline.

    Without `spec` the run has not started. That it stalled is itself a fact of the run, so the next
    deadline counts from there; a run that stalled too often without any progress fails.
    """
    rollout = spec.rollout if spec else RolloutSpec()
    if now - history.last_at < rollout.deadline_seconds:
        return []
    return stalled(history, spec)


def stalled(history: History, spec: RunSpec | None) -> list[Again]:
    """As `overdue`, whatever the time."""
    again = missing(history, spec)
    if not again or history.requested is None:
        return []
    run, waiting_for = history.requested.run, [in_words(item) for item in again]
    if history.fruitless >= MOST_STALLS and history.end is None:
        reason = (
            f"no progress: issued again {history.fruitless} times and never answered: "
            f"{', '.join(waiting_for[:5])}; see `faastrain logs {again[0].function}`, then "
            f"`faastrain resume {run}`"
        )
        return [RunFailed(run=run, reason=reason, function=again[0].function, leg=history.leg)]
    return [RunStalled(run=run, number=history.stalls, waiting_for=waiting_for), *again]


def missing(history: History, spec: RunSpec | None) -> list[Invocation]:
    """What the run waits for, under call ids that the queue has not seen.

    `spec` is the manifest's.
    """
    if history.report is not None:
        return []
    attempt = history.leg + history.stalls + 1  # every resumption and every stall issues once
    return [item._replace(attempt=attempt) for item in _missing(history, spec)]


def in_words(item: Invocation) -> str:
    """A missing piece of work for a person: `rollout 1 of version 7`."""
    match item.message:
        case CollectRollout(index=index, policy=policy):
            return f"rollout {index} of version {policy.version}"
        case EvaluatePolicy(policy=policy):
            return f"evaluation of version {policy.version}"
    return item.function


def _missing(history: History, spec: RunSpec | None) -> list[Invocation]:
    if history.end is not None:  # without a report
        return [Invocation("conclude-run", history.end)]
    if history.dead_letters:  # what was given up would only be given up again
        return [Invocation("conclude-run", history.dead_letters[0])]
    if spec is None:
        return [Invocation("start-run", history.requested)] if history.requested else []
    latest = history.latest
    if latest is None:
        return [Invocation("update-policy", history.started)] if history.started else []
    if history.stop is not None:
        return [Invocation("conclude-run", history.stop)]
    spec = on_leg(spec, history.resumed)
    return [*_evaluations(history), *_next_step(history, spec, latest)]


def _evaluations(history: History) -> list[Invocation]:
    return [
        invocation(command)
        for version, updated in sorted(history.policies.items())
        if version not in history.evaluations
        for command in promises.evaluations(updated)
    ]


def _next_step(history: History, spec: RunSpec, latest: PolicyUpdated) -> list[Invocation]:
    """The step that the newest version waits for."""
    version = latest.policy.version
    if is_last(latest, spec):
        evaluation = history.evaluations.get(version)
        return [Invocation("conclude-run", evaluation)] if evaluation else []
    if version in history.rewards:
        return [Invocation("plan-update", history.rewards[version])]
    completed = history.rollouts.get(version, {})
    if len(completed) >= spec.rollout.batch:
        return [Invocation("aggregate-rewards", completed[max(completed)])]
    return [
        invocation(command)
        for command in rollouts(history, spec, latest)
        if command.index not in completed
    ]


def rollouts(history: History, spec: RunSpec, updated: PolicyUpdated) -> list[CollectRollout]:
    """All rollouts of a version; of a leg's last one, which promised none, those that resume it."""
    before = history.rewards.get(updated.policy.version - 1)
    whole = replace(updated, rollouts=spec.rollout.count)
    return promises.rollouts(whole, before.batch if before else [])
