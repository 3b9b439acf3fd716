"""What was promised and has not come by its deadline: pure.

Everything derives from identity, so a command that is issued again makes the same object, and a
listener that is told a fact again says the same thing.
"""

from events import promises
from events.commands import Invocation, invocation
from events.conclusion import is_last
from events.history import History
from schemas.messages import PolicyUpdated
from schemas.specification import RolloutSpec, RunSpec


def overdue(history: History, spec: RunSpec | None, now: float) -> list[Invocation]:
    """The invocations to issue again, `now` (Unix time, seconds) being past the deadline.

    Without `spec` the run has not started. The attempt number counts deadlines since the last
    fact, so that the queue takes each of them for a new invocation.
    """
    if history.report is not None:
        return []
    rollout = spec.rollout if spec else RolloutSpec()
    attempt = int((now - history.last_at) / rollout.deadline_seconds)
    if attempt < 1:
        return []
    return [again._replace(attempt=attempt) for again in _missing(history, spec)]


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
    before = history.rewards.get(version - 1)
    promised = promises.rollouts(latest, before.batch if before else [])
    return [invocation(command) for command in promised if command.index not in completed]
