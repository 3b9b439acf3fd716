"""Facts to say in tests."""

import uuid

from faastraingym.schemas.messages import (
    EpisodeSummary,
    InvocationCompleted,
    RolloutCompleted,
    RunRequested,
    StopRequested,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef

REF = ObjectRef(bucket="b", key="k", size=1, sha256="0" * 64)


def new_run() -> str:
    """A run that no other test speaks of."""
    return f"run-{uuid.uuid4().hex[:12]}"


def rollout(run: str, version: int, index: int) -> RolloutCompleted:
    return RolloutCompleted(
        run=run,
        manifest=REF,
        policy=PolicyRef(version=version, policy=REF, learner=REF, env_steps=0),
        trajectory=TrajectoryRef(version=version, index=index, object=REF),
        env_steps=16,
        episodes=EpisodeSummary(),
    )


def requested(run: str) -> RunRequested:
    return RunRequested(run=run, spec={"seed": 1})


def stopped(run: str) -> StopRequested:
    return StopRequested(run=run)


def cost(run: str, function: str, call_id: str) -> InvocationCompleted:
    return InvocationCompleted(
        run=run,
        function=function,
        call_id=call_id,
        replica="here",
        started_at=1.0,
        seconds=0.5,
        memory_mb=128,
        cold_start=False,
        status=200,
    )
