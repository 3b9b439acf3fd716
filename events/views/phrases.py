"""Facts in words, one line each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m


def phrase(fact: m.Message) -> str:
    """A fact in words, without its type; the caller escapes control characters."""
    match fact:
        case m.RunRequested(spec=spec):
            return f"{len(spec)} tables of specification"
        case m.UploadHeard(key=key):
            return key
        case m.PolicyUpdated(policy=policy, rollouts=rollouts):
            return f"version {policy.version}, {policy.env_steps:,} steps, {rollouts} rollouts next"
        case m.RolloutCompleted(trajectory=ref, env_steps=steps, episodes=episodes):
            ended = f"{episodes.episodes} episodes ended"
            return f"version {ref.version}, rollout {ref.index}: {steps:,} steps, {ended}"
        case m.RolloutReissued(version=version, index=index, seconds=seconds):
            late = f"late after {seconds:.1f} s, its siblings took {fact.median_seconds:.1f} s"
            return f"version {version}, rollout {index}: {late}; issued a second time"
        case m.RewardsReady(batch=batch, env_steps=steps):
            return f"version {fact.version}: {len(batch)} rollouts, {steps:,} steps"
        case m.EpisodesEvaluated(policy=policy, piece=piece, episodes=episodes):
            mean = episodes.return_sum / max(1, episodes.episodes)
            played = f"return {mean:.2f} over {episodes.episodes} episodes"
            return f"version {policy.version}, piece {piece}: {played}"
        case m.EvaluationCompleted():
            return evaluation(fact)
        case m.InvocationDeadLettered(function=function, attempts=attempts, error=error):
            return f"{function} gave up after {attempts} attempts: {last_line(error)}"
        case m.RunResumed(env_steps=budget, target=target):
            return f"to {budget:,} steps" + ("" if target is None else f", target {target:g}")
        case m.RunStalled(waiting_for=missing):
            return f"no progress lately: asked again for {', '.join(missing)}; the run goes on"
        case m.RunCompleted(reason=reason, policy=policy):
            return f"{reason}, with version {policy.version}"
        case m.RunFailed(reason=reason) | m.RunUnreported(reason=reason):
            return one_line(reason)
        case m.TrialRequested(trial=trial, settings=settings):
            return f"trial {trial}: {configuration(settings)}"
        case m.TrialReported():
            return _reached(f"{fact.run}-{fact.trial}-{fact.seed}", fact)
        case m.TrialDecided(trial=trial, decision=decision, reason=reason):
            return f"trial {trial}, {decision}: {reason}"
        case m.ExperimentCompleted(reason=reason, best=best):
            won = f"; best: trial {best.trial} with {best.score:.2f}" if best else ""
            return f"{reason}: {fact.trials} trials, {fact.failed} failed{won}"
        case m.ExperimentFailed(reason=reason):
            return one_line(reason)
        case m.ReportWritten(report=report):
            return location(report.bucket, report.key)
        case m.ModelRegistered(model=model, version=version, source=source):
            return f"{model}/{version}: return {fact.return_mean:.2f}, of run {source}"
        case m.ModelPromoted(model=model, alias=alias, version=version):
            return f"{model}@{alias}: {'back to ' if fact.rollback else ''}version {version}"
    return ""


def configuration(settings: Mapping[str, Any]) -> str:
    """Settings in one line; a number as a person reads it, with six digits."""
    return ", ".join(f"{path} = {_setting(value)}" for path, value in settings.items())


def _setting(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _reached(run: str, fact: m.TrialReported) -> str:
    if fact.score is None:  # the reason may name the run itself
        return f"{run}: {one_line(fact.reason).removeprefix(f'run {run}: ') or fact.end}"
    return f"{run}: return {fact.score:.2f} after {fact.env_steps:,} steps ({fact.end})"


def location(bucket: str, key: str) -> str:
    """An object's address, which does not look like a path of this machine."""
    return f"s3://{bucket}/{key}" if bucket else key


def evaluation(fact: m.EvaluationCompleted) -> str:
    """An evaluation in words."""
    return (
        f"version {fact.policy.version}: return {fact.return_mean:.2f} ± {fact.return_std:.2f} "
        f"over {fact.episodes} episodes"
    )


def event_line(record: Recorded) -> str:
    """A fact for `faastrain events`: time, type, words."""
    return _line(timestamp(record.at), record, 24)


def short_event_line(record: Recorded) -> str:
    """As `event_line`, for a terminal: the time of the day, UTC."""
    return _line(timestamp(record.at)[11:19], record, 20)


def _line(at: str, record: Recorded, width: int) -> str:
    return f"{at}  {m.tag(record.fact):{width}} {phrase(record.fact)}".rstrip()


def timestamp(at: float) -> str:
    """Unix time as RFC 3339, UTC, milliseconds."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def one_line(text: str) -> str:
    """`text` with its lines joined."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def last_line(text: str) -> str:
    """The last line that is not empty, in which a traceback has its error."""
    return text.strip().splitlines()[-1].strip() if text.strip() else ""
