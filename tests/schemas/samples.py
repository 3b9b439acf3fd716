"""One literal message of every type: the content of the golden files. Never change a sample."""

from faastraingym.schemas.messages import (
    CollectRollout,
    EpisodesEvaluated,
    EpisodeSummary,
    EvaluatePolicy,
    EvaluationCompleted,
    HearUpload,
    InvocationCompleted,
    InvocationDeadLettered,
    Membership,
    Message,
    PolicyUpdated,
    ReportWritten,
    RestoreObject,
    RewardsReady,
    RolloutCompleted,
    RolloutReissued,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunResumed,
    RunStalled,
    RunStarted,
    RunUnreported,
    Span,
    StopRequested,
    UpdatePlan,
    UpdatePolicy,
    UploadHeard,
    VersionRange,
    WarmUp,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef

RUN = "cartpole-1"


def an_object(key: str, digit: str = "a") -> ObjectRef:
    """A reference to an object of 7 bytes."""
    return ObjectRef(bucket="faastraingym", key=f"runs/{RUN}/{key}", size=7, sha256=digit * 64)


MANIFEST = an_object("manifest.msgpack")
POLICY = PolicyRef(
    version=2,
    policy=an_object("policies/2.msgpack", "b"),
    learner=an_object("learner/2.msgpack", "c"),
    env_steps=2048,
    episodes=31,
)
TRAJECTORY = TrajectoryRef(version=2, index=1, object=an_object("trajectories/2/1.msgpack", "d"))
EPISODES = EpisodeSummary(
    episodes=2, return_sum=30.5, return_min=10.0, return_max=20.5, length_sum=31
)

SAMPLES: tuple[Message, ...] = (
    RunRequested(
        run=RUN,
        spec={
            "environment": {"id": "CartPole-v1"},
            "algorithm": {"name": "ppo", "learning_rate": 0.001},
            "stop": {"env_steps": 100_000},
        },
        experiment=Membership(name="cartpole", trial=1, seed=7),
    ),
    UploadHeard(run=RUN, key="experiments/cart.toml", etag="9dd4e461268c8034f5c8564e155c67a6"),
    RunStarted(run=RUN, manifest=MANIFEST),
    PolicyUpdated(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        rollouts=2,
        evaluate=True,
        metrics={"approx_kl": 0.01},
        platform={"jaxlib": "0.10.2"},
    ),
    RolloutCompleted(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        trajectory=TRAJECTORY,
        env_steps=1020,
        episodes=EPISODES,
    ),
    RolloutReissued(run=RUN, version=3, index=1, seconds=6.25, median_seconds=1.5),
    RewardsReady(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        lag=1,
        batch=[TRAJECTORY],
        env_steps=1020,
        episodes=EPISODES,
        rewards=an_object("rewards/2.msgpack", "e"),
    ),
    EpisodesEvaluated(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        piece=3,
        evaluation=an_object("episodes/2/3.msgpack", "2"),
        episodes=EPISODES,
    ),
    EvaluationCompleted(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        evaluation=an_object("evaluations/2.msgpack", "f"),
        episodes=20,
        return_mean=487.5,
        return_std=12.25,
        length_mean=487.5,
    ),
    RunResumed(run=RUN, manifest=MANIFEST, segment=1, env_steps=200_000, target=490.0),
    RunStalled(run=RUN, number=3, waiting_for=["rollout 1 of version 2"]),
    StopRequested(run=RUN, segment=1),
    InvocationDeadLettered(
        run=RUN,
        function="rollout",
        call_id="7f1c0f3e-2f0b-5a53-a6b5-0d8c54c1f3a1",
        attempts=5,
        status=500,
        error="ZeroDivisionError: division by zero",
        queued_at=1700000000.5,
    ),
    RunCompleted(run=RUN, reason="target", policy=POLICY, segment=1),
    RunFailed(
        run=RUN,
        reason="rollout failed 5 time(s)",
        function="rollout",
        detail="Traceback ...",
        segment=1,
        policy=POLICY,
    ),
    RunUnreported(
        run=RUN, reason="its report cannot be written: OSError", detail="Traceback ...", segment=1
    ),
    ReportWritten(
        run=RUN,
        report=an_object("report.json", "0"),
        learning_curve=an_object("learning_curve.png", "1"),
        segment=1,
    ),
    CollectRollout(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        lag=1,
        index=1,
        previous=TRAJECTORY,
        straggler_factor=3.0,
    ),
    UpdatePolicy(
        run=RUN,
        manifest=MANIFEST,
        policy=POLICY,
        batch=[TRAJECTORY],
        rewards=None,
        env_steps=1020,
        episodes=33,
        schedule=UpdatePlan(
            coefficients={"learning_rate": 0.0003, "clip_coef": 0.2, "ent_coef": 0.0},
            gradient_steps=8,
            replay=VersionRange(first=1, last=3),
            rollouts=2,
            evaluate=False,
            lag=1,
        ),
    ),
    EvaluatePolicy(run=RUN, manifest=MANIFEST, policy=POLICY, piece=3),
    HearUpload(run=RUN, key="experiments/cart.toml"),
    RestoreObject(
        run=RUN,
        object=TRAJECTORY.object,
        origin=CollectRollout(run=RUN, manifest=MANIFEST, policy=POLICY, lag=1, index=1),
        towards=7,
        verify=True,
        asked=28333333,
    ),
    WarmUp(run=RUN),
    InvocationCompleted(
        run=RUN,
        function="rollout",
        call_id="7f1c0f3e-2f0b-5a53-a6b5-0d8c54c1f3a1",
        replica="rollout-0",
        started_at=1700000000.5,
        seconds=0.25,
        memory_mb=512,
        cold_start=False,
        status=200,
        heard="collect-rollout",
        version=2,
        index=1,
        spans=[Span("store", 0.0001, 0.002), Span("environment", 0.003, 0.15)],
        retried=True,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        parent="00f067aa0ba902b7",
    ),
)
