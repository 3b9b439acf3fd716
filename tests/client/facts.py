"""Literal facts of one small run."""

from typing import Any

import numpy as np

from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EpisodeSummary,
    EvaluationCompleted,
    InvocationCompleted,
    Message,
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunUnreported,
)
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.references import ObjectRef, PolicyRef

RUN = "cartpole-20261122-171500-3fa2"
SPEC = {
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 2, "num_steps": 16},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 128, "target": 475.0},
}
EVALUATING = {  # the same, of a run that plays a policy and learns nothing
    **SPEC,
    "stop": {"env_steps": 0},
    "evaluation": {"episodes": 2},
    "evaluate": {
        "policy": "models/cartpole@champion",
        "object": {"bucket": "test", "key": "k", "size": 1, "sha256": "ab" * 32},
    },
}
ROWS = np.arange(4)
POLICY = Policy(  # of CartPole-v1: pushes to where the pole falls
    version=1,
    parameters={
        "policy/head/kernel": np.outer(ROWS >= 2, [-1, 1]).astype(np.float32),
        "policy/head/bias": np.zeros(2, np.float32),
    },
)
NOW = 1_795_367_700.0  # 2026-11-22T17:15:00Z


def obj(key: str) -> ObjectRef:
    return ObjectRef(bucket="test", key=key, size=1, sha256="ab" * 32)


def policy(version: int, run: str = RUN) -> PolicyRef:
    return PolicyRef(
        version=version,
        policy=obj(f"runs/{run}/policies/{version}.msgpack"),
        learner=obj(f"runs/{run}/learner/{version}.msgpack"),
        env_steps=64 * version,
        episodes=3 * version,
    )


def beginning(run: str = RUN) -> list[Message]:
    """A run after one update: started, rolled out, updated, evaluated."""
    manifest = obj(f"runs/{run}/manifest.msgpack")
    return [
        RunStarted(run=run, manifest=manifest),
        PolicyUpdated(
            run=run, manifest=manifest, policy=policy(0, run), rollouts=2, evaluate=False
        ),
        RewardsReady(
            run=run,
            manifest=manifest,
            policy=policy(0, run),
            batch=[],
            env_steps=64,
            episodes=EpisodeSummary(episodes=3, return_sum=60.0, length_sum=60),
        ),
        PolicyUpdated(run=run, manifest=manifest, policy=policy(1, run), rollouts=2, evaluate=True),
        EvaluationCompleted(
            run=run,
            manifest=manifest,
            policy=policy(1, run),
            evaluation=obj("evaluation"),
            episodes=20,
            return_mean=480.5,
            return_std=12.25,
            length_mean=480.5,
        ),
    ]


def evaluating(run: str = RUN, *returns: float) -> list[Message]:
    """A run that evaluates, from its start to its end: an episode of each piece."""
    manifest = obj(f"runs/{run}/manifest.msgpack")
    about: dict[str, Any] = {"run": run, "manifest": manifest, "policy": policy(0, run)}
    return [
        RunStarted(run=run, manifest=manifest),
        PolicyUpdated(**about, rollouts=0, evaluate=True),
        *(
            EpisodesEvaluated(
                **about,
                piece=piece,
                evaluation=obj(f"runs/{run}/episodes/0/{piece}.msgpack"),
                episodes=EpisodeSummary(episodes=1, return_sum=each, length_sum=int(each)),
            )
            for piece, each in enumerate(returns)
        ),
        EvaluationCompleted(
            **about,
            evaluation=obj(f"runs/{run}/evaluations/0.msgpack"),
            episodes=len(returns),
            return_mean=float(np.mean(returns)),
            return_std=float(np.std(returns)),
            length_mean=float(np.mean(returns)),
        ),
        RunCompleted(run=run, reason="budget", policy=policy(0, run)),
    ]


def completed(reason: str, run: str = RUN) -> RunCompleted:
    return RunCompleted(run=run, reason=reason, policy=policy(1, run))


def unreported(run: str = RUN) -> RunUnreported:
    return RunUnreported(run=run, reason="its report cannot be written: OSError")


def reported(run: str = RUN) -> ReportWritten:
    return ReportWritten(run=run, report=obj("report"), learning_curve=obj("curve"))


def failed(run: str = RUN) -> RunFailed:
    return RunFailed(
        run=run, reason="the environment raised", function="rollout", detail="Traceback: boom"
    )


def usage(function: str, seconds: float, cold: bool, run: str = RUN) -> InvocationCompleted:
    return InvocationCompleted(
        run=run,
        function=function,
        call_id="c",
        replica="r",
        started_at=NOW,
        seconds=seconds,
        memory_mb=512,
        cold_start=cold,
        status=200,
    )


def records(*facts: Message, every: float = 1.0) -> list[Recorded]:
    """Facts as a log holds them, one every `every` seconds."""
    return [Recorded(i + 1, NOW + every * i, fact) for i, fact in enumerate(facts)]
