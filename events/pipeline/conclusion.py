"""The end of a run, and the policy that it ends with: pure.

Evaluations run beside training and may finish in any order. A version reaches the target only once
every evaluation scheduled before it is known, so the outcome depends on the specification alone.
"""

import re

from faastraingym.events.delivery.exits import DIED, KILLED
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import on_segment
from faastraingym.schemas import messages as m
from faastraingym.schemas.dead_letter import OVERTIME
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.specification import RunSpec

PLAYING = ("rollout", "evaluate")  # functions that step environments


def conclude(history: History, spec: RunSpec | None) -> m.RunCompleted | m.RunFailed | None:
    """The end of the run's newest segment, or None while it goes on; no `spec`: not started."""
    if history.dead_letters:
        return _failed(history, spec)
    if spec is None:
        return None
    spec = on_segment(spec, history.resumed)
    reached = first_to_reach(history, spec)
    if reached:
        return _completed(reached.run, history.segment, "target", reached.policy)
    latest = history.latest
    if latest and is_last(latest, spec) and latest.policy.version in history.evaluations:
        if any(v not in history.evaluations for v in _scheduled(history, spec)):
            return None
        return _completed(latest.run, history.segment, "budget", latest.policy)
    if latest and history.newest.stop:
        return _completed(latest.run, history.segment, "stopped", latest.policy)
    return None


def unreported(history: History) -> m.RunUnreported | None:
    """The fact that the ended segment has no report, once its writing was given up."""
    letter = history.newest.given_up
    if letter is None:
        return None
    reason = (
        f"its report cannot be written: {why(letter)}; repair that, then `faastrain dead replay` "
        f"the dead letter that `faastrain dead list --run {letter.run}` shows"
    )
    return m.RunUnreported(
        run=letter.run, reason=reason, detail=letter.error, segment=history.segment
    )


def first_to_reach(history: History, spec: RunSpec) -> m.EvaluationCompleted | None:
    """The earliest scheduled version whose evaluation reached the target."""
    if spec.stop.target is None:
        return None
    for version in _scheduled(history, spec):
        evaluation = history.evaluations.get(version)
        if evaluation is None:
            return None
        if evaluation.return_mean >= spec.stop.target:
            return evaluation
    return None


def is_last(updated: m.PolicyUpdated, spec: RunSpec) -> bool:
    """Whether the budget ends with this version."""
    return updated.policy.env_steps >= spec.stop.env_steps


def _failed(history: History, spec: RunSpec | None) -> m.RunFailed:
    letter = history.dead_letters[0]
    reason = why(letter)
    ended = re.search(rf"{DIED} \(.*?\)", reason)
    if spec is not None and letter.function in PLAYING and ended:
        outside = ", or something outside," if KILLED in reason else ""
        who = f"the environment {spec.environment.id}{outside}"
        reason = f"{who} {ended.group()} while it was stepped"
    if letter.status != OVERTIME or not letter.error.strip():
        reason = f"{letter.function} failed {letter.attempts} time(s): {reason}"
    return m.RunFailed(
        run=letter.run,
        reason=reason,
        function=letter.function,
        detail=letter.error,
        segment=history.segment,
        policy=history.latest.policy if history.latest else None,
    )


def why(letter: m.InvocationDeadLettered) -> str:
    """The last line of a dead letter's error."""
    lines = letter.error.strip().splitlines()
    return lines[-1] if lines else f"status {letter.status}"


def _completed(run: str, segment: int, reason: str, policy: PolicyRef) -> m.RunCompleted:
    return m.RunCompleted(run=run, reason=reason, policy=policy, segment=segment)


def _scheduled(history: History, spec: RunSpec) -> list[int]:
    """The versions so far whose evaluations count: those on schedule, and the budget's last one.

    The last version of an earlier segment is evaluated, but does not count: a run that never
    stopped there would not have evaluated it.
    """
    latest = history.latest
    if latest is None:
        return []
    version, every = latest.policy.version, spec.evaluation.every
    on_schedule = list(range(every, version + 1, every))
    return sorted({*on_schedule, version}) if is_last(latest, spec) else on_schedule
