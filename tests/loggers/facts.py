"""Literal facts of a small run, recorded at literal times, and the rows that they make."""

from collections.abc import Iterable

from faastraingym.events.ports import Recorded
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Row
from faastraingym.schemas.messages import (
    EpisodeSummary,
    EvaluationCompleted,
    Message,
    PolicyUpdated,
    RewardsReady,
    RunRequested,
    RunStarted,
)
from tests.client.facts import SPEC, obj, policy

RUN = "demo"
BEGIN = 1_000.0
MANIFEST = obj("manifest")
SUBJECT = Subject(RUN, SPEC)
ROWS = [
    Row(64, 1_002.0, {"rollout/ep_rew_mean": 20.0, "train/loss": 0.5}),
    Row(128, 1_004.0, {"rollout/ep_rew_mean": 40.0, "train/loss": 0.25}),
    Row(64, 1_005.0, {"eval/mean_reward": 30.0}),  # it was played beside the next update
]


def recorded(facts: Iterable[Message], begin: float = BEGIN) -> list[Recorded]:
    """A fact each second."""
    return [Recorded(number, begin + number, fact) for number, fact in enumerate(facts)]


def requested(spec: dict = SPEC) -> Message:
    return RunRequested(run=RUN, spec=spec)


def started() -> Message:
    return RunStarted(run=RUN, manifest=MANIFEST)


def updated(version: int, metrics: dict[str, float] | None = None) -> Message:
    return PolicyUpdated(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version, RUN),
        rollouts=2,
        evaluate=False,
        metrics=metrics or {},
    )


def batch(version: int, episodes: int = 2, lag: int = 0) -> Message:
    """The batch from which `version` learns: returns and lengths of 10 and 30."""
    ended = EpisodeSummary(episodes=episodes, return_sum=20.0 * episodes, length_sum=25 * episodes)
    return RewardsReady(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version - lag, RUN),
        lag=lag,
        batch=[],
        env_steps=64,
        episodes=ended,
    )


def evaluated(version: int) -> Message:
    return EvaluationCompleted(
        run=RUN,
        manifest=MANIFEST,
        policy=policy(version, RUN),
        evaluation=obj("evaluation"),
        episodes=20,
        return_mean=480.5,
        return_std=3.5,
        length_mean=480.5,
    )
