"""When a run ends, and with which policy: pure.

Evaluations run beside training and may finish in any order, so a version reaches the target only
once every evaluation scheduled before it is known: the outcome depends on the specification alone.
"""

from events.history import History
from schemas.messages import EvaluationCompleted, PolicyUpdated, RunCompleted, RunFailed
from schemas.references import PolicyRef
from schemas.specification import RunSpec


def conclude(history: History, spec: RunSpec | None) -> RunCompleted | RunFailed | None:
    """The run's end, or None while it goes on; without `spec` it has not started yet."""
    if history.dead_letters:
        letter = history.dead_letters[0]
        lines = letter.error.strip().splitlines()
        why = lines[-1] if lines else f"status {letter.status}"
        reason = f"{letter.function} failed {letter.attempts} time(s): {why}"
        return RunFailed(
            run=letter.run, reason=reason, function=letter.function, detail=letter.error
        )
    if spec is None:
        return None
    reached = first_to_reach(spec.stop.target, history)
    if reached:
        return _completed(reached.run, "target", reached.policy)
    latest = history.latest
    if latest and is_last(latest, spec) and latest.policy.version in history.evaluations:
        waiting = [v for v in _scheduled(history) if v not in history.evaluations]
        return None if waiting else _completed(latest.run, "budget", latest.policy)
    if latest and history.stop:
        return _completed(latest.run, "stopped", latest.policy)
    return None


def first_to_reach(target: float | None, history: History) -> EvaluationCompleted | None:
    """The earliest scheduled version whose evaluation reached `target`."""
    if target is None:
        return None
    for version in _scheduled(history):
        evaluation = history.evaluations.get(version)
        if evaluation is None:
            return None
        if evaluation.return_mean >= target:
            return evaluation
    return None


def is_last(updated: PolicyUpdated, spec: RunSpec) -> bool:
    """Whether the budget ends with this version."""
    return updated.policy.env_steps >= spec.stop.env_steps


def _completed(run: str, reason: str, policy: PolicyRef) -> RunCompleted:
    return RunCompleted(run=run, reason=reason, policy=policy)


def _scheduled(history: History) -> list[int]:
    return sorted(v for v, updated in history.policies.items() if updated.evaluate)
