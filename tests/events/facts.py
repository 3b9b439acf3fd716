"""Facts of one run in few words, for literal histories."""

from collections.abc import Iterable

from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Recorded
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    CollectRollout,
    EpisodesEvaluated,
    EpisodeSummary,
    EvaluationCompleted,
    InvocationDeadLettered,
    Message,
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RolloutCompleted,
    RolloutReissued,
    RunRequested,
    RunResumed,
    RunStalled,
    RunStarted,
    StopRequested,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec

RUN = "r"
STEPS = 100  # environment steps of one version
RAW = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "rollout": {"count": 2, "deadline_seconds": 10},
    "stop": {"env_steps": 3 * STEPS, "target": 475},
}


def specification(**tables: object) -> RunSpec:
    """A run of 2 rollouts per version and 3 versions, whose target is 475."""
    return parse(RAW | tables)


def an_object(key: str) -> ObjectRef:
    return ObjectRef(bucket="b", key=key, size=1, sha256="a" * 64)


def policy(version: int) -> PolicyRef:
    return PolicyRef(
        version=version,
        policy=an_object(keys.policy(RUN, version)),
        learner=an_object(keys.learner(RUN, version)),
        env_steps=version * STEPS,
        episodes=version,
    )


def trajectory(version: int, index: int) -> TrajectoryRef:
    return TrajectoryRef(
        version=version, index=index, object=an_object(keys.trajectory(RUN, version, index))
    )


MANIFEST = an_object(keys.manifest(RUN))
REQUESTED = RunRequested(run=RUN, spec=RAW)
STARTED = RunStarted(run=RUN, manifest=MANIFEST)
STOP = StopRequested(run=RUN)
REPORTED = ReportWritten(run=RUN, report=an_object("report"), learning_curve=an_object("curve"))


def updated(version: int, rollouts: int = 2, evaluate: bool = False) -> PolicyUpdated:
    return PolicyUpdated(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version),
        rollouts=rollouts,
        evaluate=evaluate,
        metrics={"approx_kl": float(version)},
        platform={} if version else {"jaxlib": "0.10.2"},
    )


def collected(version: int, index: int, lag: int = 0) -> RolloutCompleted:
    return RolloutCompleted(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version - lag),
        trajectory=trajectory(version, index),
        env_steps=STEPS // 2,
        episodes=EpisodeSummary(),
    )


def rollout(
    version: int, index: int, previous: TrajectoryRef | None = None, lag: int = 0
) -> CollectRollout:
    return CollectRollout(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version - lag),
        lag=lag,
        index=index,
        previous=previous,
    )


def ready(
    version: int, indices: Iterable[int] = (0, 1), episodes: int = 0, lag: int = 0
) -> RewardsReady:
    return RewardsReady(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version - lag),
        lag=lag,
        batch=[trajectory(version, index) for index in indices],
        env_steps=STEPS,
        episodes=EpisodeSummary(episodes=episodes, return_sum=10.0 * episodes),
    )


def evaluated(version: int, mean: float) -> EvaluationCompleted:
    return EvaluationCompleted(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version),
        evaluation=an_object(f"evaluations/{version}"),
        episodes=20,
        return_mean=mean,
        return_std=1.0,
        length_mean=mean,
    )


def piece(version: int, number: int) -> EpisodesEvaluated:
    return EpisodesEvaluated(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version),
        piece=number,
        evaluation=an_object(keys.episodes(RUN, version, number)),
        episodes=EpisodeSummary(episodes=2, return_sum=3.0),
    )


def dead(
    function: str = "rollout",
    error: str = "Traceback\nZeroDivisionError: zero",
    queued_at: float | None = None,
    **more: int,
) -> InvocationDeadLettered:
    return InvocationDeadLettered(
        run=RUN,
        function=function,
        call_id="c",
        attempts=more.get("attempts", 5),
        status=more.get("status", 500),
        error=error,
        queued_at=queued_at,
    )


def resumed(segment: int, env_steps: int = 6 * STEPS, target: float | None = None) -> RunResumed:
    return RunResumed(
        run=RUN, manifest=MANIFEST, segment=segment, env_steps=env_steps, target=target
    )


def reissued(version: int, index: int) -> RolloutReissued:
    """A rollout that was late, and was issued a second time."""
    return RolloutReissued(run=RUN, version=version, index=index, seconds=9.0, median_seconds=1.0)


def stalled(number: int) -> RunStalled:
    return RunStalled(run=RUN, number=number, waiting_for=["rollout 0 of version 0"])


def history(*facts: Message, start: float = 1000.0) -> History:
    """The facts, said one second after the other."""
    return fold(Recorded(i + 1, start + i, fact) for i, fact in enumerate(facts))
