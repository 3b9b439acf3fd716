"""The report of a run, from its history: pure."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from faastraingym.events.pipeline.history import History, Segment
from faastraingym.events.pipeline.planning import learning
from faastraingym.events.views import stuck
from faastraingym.events.views.run import name, spend, status, stop, unreported
from faastraingym.events.views.staleness import dropped, staleness
from faastraingym.schemas import messages as m
from faastraingym.schemas import report
from faastraingym.schemas.references import ObjectRef, PolicyRef
from faastraingym.schemas.validation import named_reward


def build(
    run: str, history: History, usage: Iterable[m.InvocationCompleted], now: float
) -> report.RunReport:
    """The report of `run` at `now` (Unix time, seconds), about the policy of `reported_policy`."""
    spec, why = _spec(history), unreported(history)
    policy, first = reported_policy(history), history.policies.get(0)
    updated = history.policies.get(policy.version) if policy else None
    training = [
        point
        for _, ready in sorted(history.rewards.items())
        for point in _training_point(ready, history)
    ]
    evaluations = [
        report.CurvePoint(version=v, env_steps=e.policy.env_steps, return_mean=e.return_mean)
        for v, e in sorted(history.evaluations.items())
    ]
    evaluation = history.evaluations.get(policy.version) if policy else None
    reason = history.end.reason if history.end else ""
    failure = history.end.detail if isinstance(history.end, m.RunFailed) else ""
    return report.RunReport(
        run_id=run,
        segment=history.segment,
        status=status(history),
        reason=f"{reason}; {why.reason}" if why else reason,
        detail=why.detail if why else failure,
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
        wall_seconds=round(elapsed(history, max(now, history.last_at)), 3),
        training=training,
        evaluations=evaluations,
        metrics=updated.metrics if updated else {},
        platform=first.platform if first else {},
        unreported=why is not None,
        reproducible=_reproducible(spec) if history.started and spec else "",
        bucket=history.started.manifest.bucket if history.started else "",
        latest_version=history.latest.policy.version if history.latest else 0,
        latest_env_steps=history.latest.policy.env_steps if history.latest else 0,
        curves=_curves(history),
        staleness=staleness(history),
        dropped_rollouts=dropped(history),
        reissued_rollouts=history.reissued,
        advice=_advice(spec, history, training, evaluations),
        recordings=[
            _recording(version, ref)
            for version, each in sorted(history.evaluations.items())
            for ref in each.recordings or ()
        ],
        unrecorded=_unrecorded(history),
    )


def reported_policy(history: History) -> PolicyRef | None:
    """The policy with which the run ended, as the first that reached the target; or the newest."""
    if history.end and history.end.policy:
        return history.end.policy
    return history.latest.policy if history.latest else None


def tally(usage: Iterable[m.InvocationCompleted]) -> dict[str, report.Usage]:
    """Invocations, seconds, GB-seconds and cold starts by function."""
    return {
        function: report.Usage(
            invocations=sum(spent.by_status.values()),
            seconds=spent.seconds,
            gb_seconds=spent.gb_seconds,
            cold_starts=spent.cold_starts,
        )
        for function, spent in sorted(spend({}, usage).items())
    }


def _evaluation(fact: m.EvaluationCompleted) -> report.EvaluationReport:
    return report.EvaluationReport(
        mean=fact.return_mean, std=fact.return_std, episodes=fact.episodes
    )


def _recording(version: int, ref: ObjectRef) -> report.RecordingReport:
    return report.RecordingReport(
        version=version,
        episode=int(PurePosixPath(ref.key).stem),
        key=ref.key,
        size=ref.size,
        sha256=ref.sha256,
    )


def _unrecorded(history: History) -> str:
    newest = history.evaluations[max(history.evaluations)] if history.evaluations else None
    return newest.unrecorded or "" if newest else ""


def _advice(
    spec: Mapping[str, Any],
    history: History,
    training: list[report.CurvePoint],
    evaluations: list[report.CurvePoint],
) -> list[str]:
    """To a run that does not learn; one that failed, or reached its target, needs none."""
    if isinstance(history.end, m.RunFailed) or (history.end and history.end.reason == "target"):
        return []
    return stuck.advice(spec, _actions(history), training, evaluations)


def _actions(history: History) -> str:
    """The kind of the action space: a Gaussian policy tells its deviation."""
    return "Box" if history.latest and "std" in history.latest.metrics else "Discrete"


def _policy(ref: PolicyRef) -> report.PolicyReport:
    return report.PolicyReport(version=ref.version, key=ref.policy.key, sha256=ref.policy.sha256)


def _spec(history: History) -> dict[str, Any]:
    spec = history.requested.spec if history.requested else {}
    return {**spec, "stop": {**spec["stop"], **stop(history)}} if history.resumed else spec


REPRODUCIBLE = {
    "none": "yes",
    "forget": "yes; its environments are built anew at each episode",
    "carry": "yes; what its environments remember travels with it",
    "declared": "no; its environments remember, and a lost replica loses what they do",
}


def _reproducible(spec: Mapping[str, Any]) -> str:
    rollout = spec.get("rollout", {})
    count = 0 if spec.get("evaluate") else rollout.get("count", 1)  # of batches that are collected
    if (rollout.get("threshold") or count) < count:
        return "no; its batches are the rollouts that came first"
    told, function = REPRODUCIBLE[spec["environment"].get("memory", "none")], _function(spec)
    if function and told.startswith("yes"):
        same = f"yes, if the reward function {function} is: the same trajectories, the same rewards"
        return f"{same}{told.removeprefix('yes')}"
    return told


def _function(spec: Mapping[str, Any]) -> str:
    """The reward function that a raw specification names, if it names one."""
    reward = named_reward(spec).get("reward") or [{}]
    return str(reward[0]["name"]) if reward[0].get("kind") == "function" else ""


def _training_point(ready: m.RewardsReady, history: History) -> list[report.CurvePoint]:
    before = learning(ready, history)
    if not ready.episodes.episodes or before is None:
        return []
    return [
        report.CurvePoint(
            version=ready.version,
            env_steps=before.env_steps + ready.env_steps,
            return_mean=ready.episodes.return_sum / ready.episodes.episodes,
        )
    ]


def _curves(history: History) -> report.MetricCurves:
    updates = [history.policies[version] for version in sorted(history.policies) if version]
    names = dict.fromkeys(name for update in updates for name in update.metrics)
    return report.MetricCurves(
        versions=[update.policy.version for update in updates],
        env_steps=[update.policy.env_steps for update in updates],
        metrics={name: [update.metrics.get(name) for update in updates] for name in names},
    )


def elapsed(history: History, at: float) -> float:
    """Seconds of a run's segments up to `at` (Unix time, seconds); between them it waited."""
    segments = history.segments or {0: Segment()}
    seconds = 0.0
    for number, segment in segments.items():
        begun = segment.resumed_at or history.first_at or at
        end = segment.end_at or (at if number == history.segment else begun)
        seconds += max(0.0, min(end, at) - begun)
    return seconds
