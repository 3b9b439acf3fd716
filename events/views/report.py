"""From a run's history to its report: pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from faastraingym.events.pipeline.history import History, Segment
from faastraingym.events.pipeline.planning import learning
from faastraingym.events.views.run import name, spend, status, stop, unreported
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    InvocationCompleted,
    PolicyUpdated,
    RewardsReady,
    RunFailed,
)
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.report import (
    CurvePoint,
    EvaluationReport,
    MetricCurves,
    PolicyReport,
    RunReport,
    Usage,
)


def build(
    run: str, history: History, usage: Iterable[InvocationCompleted], now: float
) -> RunReport:
    """The report of `run` at time `now` (Unix time, seconds).

    A target's policy is the first version that reached it; else it is the newest one.
    """
    spec = _spec(history)
    policy = reported_policy(history)
    evaluation = history.evaluations.get(policy.version) if policy else None
    return RunReport(
        run_id=run,
        segment=history.segment,
        status=status(history),
        reason=_reason(history),
        detail=_detail(history),
        algorithm=name(spec, "algorithm", "name"),
        environment=name(spec, "environment", "id"),
        spec=spec,
        versions=policy.version if policy else 0,
        env_steps=policy.env_steps if policy else 0,
        episodes=policy.episodes if policy else 0,
        best_return=max((e.return_mean for e in history.evaluations.values()), default=None),
        evaluation=_evaluation(evaluation) if evaluation else None,
        policy=_policy(policy) if policy else None,
        usage=tally(usage),
        wall_seconds=round(_wall_seconds(history, now), 3),
        training=[p for r in _by_version(history.rewards) for p in _training_point(r, history)],
        evaluations=[
            CurvePoint(version=v, env_steps=e.policy.env_steps, return_mean=e.return_mean)
            for v, e in sorted(history.evaluations.items())
        ],
        metrics=_metrics(history, policy),
        platform=_platform(history),
        unreported=unreported(history) is not None,
        reproducible=_reproducible(spec) if history.started and spec else "",
        bucket=history.started.manifest.bucket if history.started else "",
        latest_version=history.latest.policy.version if history.latest else 0,
        latest_env_steps=history.latest.policy.env_steps if history.latest else 0,
        curves=_curves(history),
    )


def reported_policy(history: History) -> PolicyRef | None:
    """The policy that the run's end names, or the newest one."""
    if history.end and history.end.policy:
        return history.end.policy
    return history.latest.policy if history.latest else None


def tally(usage: Iterable[InvocationCompleted]) -> dict[str, Usage]:
    """Invocations, seconds, GB-seconds and cold starts by function."""
    return {
        function: Usage(
            invocations=sum(spent.by_status.values()),
            seconds=spent.seconds,
            gb_seconds=spent.gb_seconds,
            cold_starts=spent.cold_starts,
        )
        for function, spent in sorted(spend({}, usage).items())
    }


def _evaluation(fact: EvaluationCompleted) -> EvaluationReport:
    return EvaluationReport(mean=fact.return_mean, std=fact.return_std, episodes=fact.episodes)


def _policy(ref: PolicyRef) -> PolicyReport:
    return PolicyReport(version=ref.version, key=ref.policy.key, sha256=ref.policy.sha256)


def _spec(history: History) -> dict[str, Any]:
    """The specification as it was requested, with the newest segment's budget and target."""
    spec = history.requested.spec if history.requested else {}
    return {**spec, "stop": {**spec["stop"], **stop(history)}} if history.resumed else spec


def _reason(history: History) -> str:
    reason, why = history.end.reason if history.end else "", unreported(history)
    return f"{reason}; {why.reason}" if why else reason


def _detail(history: History) -> str:
    why = unreported(history)
    if why:
        return why.detail
    return history.end.detail if isinstance(history.end, RunFailed) else ""


REPRODUCIBLE = {
    "none": "yes",
    "forget": "yes; its environments are built anew at each episode",
    "carry": "yes; what its environments remember travels with it",
    "declared": "no; its environments remember, and a lost replica loses what they do",
}


def _reproducible(spec: Mapping[str, Any]) -> str:
    """Whether the policy follows from the specification, even after kills, and why."""
    rollout = spec.get("rollout", {})
    count = rollout.get("count", 1)
    if (rollout.get("threshold") or count) < count:
        return "no; its batches are the rollouts that came first"
    return REPRODUCIBLE[spec["environment"].get("memory", "none")]


def _by_version(rewards: Mapping[int, RewardsReady]) -> list[RewardsReady]:
    return [ready for _, ready in sorted(rewards.items())]


def _training_point(ready: RewardsReady, history: History) -> list[CurvePoint]:
    before = learning(ready, history)
    if not ready.episodes.episodes or before is None:
        return []
    return [
        CurvePoint(
            version=ready.version,
            env_steps=before.env_steps + ready.env_steps,
            return_mean=ready.episodes.return_sum / ready.episodes.episodes,
        )
    ]


def _metrics(history: History, policy: PolicyRef | None) -> dict[str, float]:
    updated = history.policies.get(policy.version) if policy else None
    return updated.metrics if isinstance(updated, PolicyUpdated) else {}


def _curves(history: History) -> MetricCurves:
    updates = [history.policies[version] for version in sorted(history.policies) if version]
    names = dict.fromkeys(name for update in updates for name in update.metrics)
    return MetricCurves(
        versions=[update.policy.version for update in updates],
        env_steps=[update.policy.env_steps for update in updates],
        metrics={name: [update.metrics.get(name) for update in updates] for name in names},
    )


def _wall_seconds(history: History, now: float) -> float:
    """From the beginning of each segment to its end; not what lies between two of them."""
    segments = history.segments or {0: Segment()}
    seconds = 0.0
    for number, segment in segments.items():
        begun = segment.resumed_at or history.first_at or now
        seconds += (segment.end_at or (now if number == history.segment else begun)) - begun
    return seconds


def _platform(history: History) -> dict[str, str]:
    first = history.policies.get(0)
    return first.platform if first else {}
