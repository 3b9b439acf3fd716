"""All messages between stages: facts (past tense) and commands (imperative).

A fact is published once, under a NATS subject; a command is an asynchronous invocation of
exactly one function. Both are msgpack maps tagged by `type`. Fields are only ever added, with
defaults (https://jcristharif.com/msgspec/schema-evolution.html); a type never changes.

A class declares as `identity` what tells a message from others of its type: subjects, call ids,
metering, the trace and AsyncAPI derive from it. events/pipeline/flow.py has senders and receivers.

The file is long because it is the whole contract: unions of all messages decode and export it.
"""

import hashlib
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.references import (
    Count,
    ObjectRef,
    PolicyRef,
    RunId,
    Sha256,
    TrajectoryRef,
)

Segment = Annotated[
    int, Meta(ge=0, description="segment of the run: 0, and one more after each resumption")
]

# Left out where nothing was to be recorded: facts of other evaluations keep their bytes.
Recordings = Annotated[
    list[ObjectRef] | UnsetType, Meta(description="films of the first episodes, in their order")
]
Unrecorded = Annotated[
    str | UnsetType, Meta(description="why there are fewer than the specification asks for")
]

T = TypeVar("T")
MAX_MESSAGE_BYTES = 256_000  # what OpenFaaS Community Edition takes as an asynchronous body


class Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of every message, which belongs to a run."""

    identity: ClassVar[tuple[str, ...]] = ("run",)  # attributes, in the order of a subject's tokens

    run: RunId

    @property
    def identified(self) -> tuple[str, ...]:
        """The values of `identity`; an attribute that is None is no part of it."""
        return tuple(
            [str(value) for name in self.identity if (value := getattr(self, name)) is not None]
        )

    @property
    def outcome(self) -> tuple[str, ...]:
        """The identity of the fact that shows that all work for the message is done."""
        return self.identified


class RunMessage(Message, frozen=True, kw_only=True):
    """A message of a started run; the manifest holds its specification."""

    manifest: ObjectRef


class PolicyMessage(RunMessage, frozen=True, kw_only=True):
    """A message about a committed policy version."""

    identity: ClassVar[tuple[str, ...]] = ("run", "version")

    policy: PolicyRef

    @property
    def version(self) -> int:
        """The version that the message is about."""
        return self.policy.version


class BatchMessage(RunMessage, frozen=True, kw_only=True):
    """A message of the batch that `policy` collects and `version` learns from."""

    identity: ClassVar[tuple[str, ...]] = ("run", "version")

    policy: Annotated[PolicyRef, Meta(description="that acts")]
    lag: Annotated[Count, Meta(description="updates between acting and learning policy")] = 0

    @property
    def version(self) -> int:
        """The policy version that learns from the batch; subjects and keys name this one."""
        return self.policy.version + self.lag


class EpisodeSummary(Struct, frozen=True, kw_only=True):
    """Undiscounted environment returns of finished episodes, as sums that merge exactly."""

    episodes: Count = 0
    return_sum: float = 0.0
    return_min: float | None = None
    return_max: float | None = None
    length_sum: Count = 0


class VersionRange(Struct, frozen=True, kw_only=True):
    """Versions `first` to `last`, both included."""

    first: Count
    last: Count


class UpdatePlan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The plan of one update, of any algorithm, and of what follows it."""

    coefficients: Annotated[
        dict[str, float], Meta(description="of the update, by name, as learning_rate; annealed")
    ] = {}
    gradient_steps: Annotated[
        Count | None, Meta(description="none: as the algorithm's epochs and minibatches make")
    ] = None
    replay: Annotated[
        VersionRange | None,
        Meta(description="versions whose trajectories are sampled; none: the batch alone"),
    ] = None
    rollouts: Annotated[Count, Meta(description="rollouts to start next; 0 ends the run")]
    evaluate: Annotated[bool, Meta(description="evaluate the version that the update makes")]
    lag: Annotated[
        Count, Meta(description="of those rollouts; 0: they follow the update; 1: run beside it")
    ] = 0
    learning_rate: Annotated[float | None, Meta(description="once; now a coefficient")] = None
    clip_coef: Annotated[float | None, Meta(description="once; now a coefficient")] = None
    ent_coef: Annotated[float | None, Meta(description="once; now a coefficient")] = None

    def __post_init__(self) -> None:
        """Coefficients of older messages, which were fields, become coefficients."""
        for name in ("learning_rate", "clip_coef", "ent_coef"):
            if (value := getattr(self, name)) is not None:
                coefficients = {**self.coefficients, name: value}
                msgspec.structs.force_setattr(self, "coefficients", coefficients)
                msgspec.structs.force_setattr(self, name, None)


class Membership(Struct, frozen=True, kw_only=True):
    """The experiment that asked for a run, and its place there."""

    name: Annotated[RunId, Meta(description="the experiment's")]
    trial: Count
    seed: Count


class BestTrial(Struct, frozen=True, kw_only=True):
    """The trial with the highest score of an experiment."""

    trial: Count
    settings: dict[str, Any]
    score: float


# Facts -------------------------------------------------------------------------------------------


class RunRequested(Message, frozen=True, kw_only=True, tag="run.requested"):
    """A client requests a run. The specification is raw: `start-run` validates it."""

    spec: dict[str, Any]
    experiment: Annotated[
        Membership | UnsetType, Meta(description="without it a person or a trigger asked")
    ] = UNSET
    copied: Annotated[
        PolicyRef | UnsetType,
        Meta(description="of another run, with which it begins; without it with a new one"),
    ] = UNSET


class UploadHeard(Message, frozen=True, kw_only=True, tag="upload.heard"):
    """This run was requested by a file of the inbox, with this content."""

    identity = ("run", "object")

    key: str
    etag: Annotated[str, Meta(description="tells one content of the key from another")]

    @property
    def object(self) -> str:
        """A digest of the file's key and content."""
        return hashlib.sha256(f"{self.key}\0{self.etag}".encode()).hexdigest()[:16]


class RunStarted(RunMessage, frozen=True, kw_only=True, tag="run.started"):
    """The specification is valid and its manifest is stored."""

    copied: Annotated[
        PolicyRef | UnsetType,
        Meta(description="of another run, with which it begins; without it with a new one"),
    ] = UNSET

    @property
    def outcome(self) -> tuple[str, ...]:
        """The first rewards: version 0 may be published before its rollouts are sent."""
        return self.run, "0"


class PolicyUpdated(PolicyMessage, frozen=True, kw_only=True, tag="policy.updated"):
    """A policy version is committed; `rollouts` rollouts (and an evaluation) of it are due."""

    rollouts: Count
    evaluate: bool
    metrics: dict[str, float] = {}
    platform: Annotated[
        dict[str, str], Meta(description="of version 0: what the learner runs on")
    ] = {}


class RolloutCompleted(RunMessage, frozen=True, kw_only=True, tag="rollout.completed"):
    """A trajectory is stored."""

    identity = ("run", "version", "index")

    policy: PolicyRef
    trajectory: TrajectoryRef
    env_steps: Annotated[Count, Meta(description="transitions that count (autoresets do not)")]
    episodes: EpisodeSummary

    @property
    def version(self) -> int:
        """The policy version that learns from the trajectory."""
        return self.trajectory.version

    @property
    def index(self) -> int:
        """The slot that collected it."""
        return self.trajectory.index


class RolloutReissued(Message, frozen=True, kw_only=True, tag="rollout.reissued"):
    """A rollout was late beside its siblings, so its command was issued a second time, once."""

    identity = ("run", "version", "index")

    version: Annotated[Count, Meta(description="that learns from the rollout")]
    index: Annotated[Count, Meta(description="slot that collects it")]
    seconds: Annotated[float, Meta(description="that the first command had been in flight")]
    median_seconds: Annotated[float, Meta(description="that its siblings took")]


class RewardsReady(BatchMessage, frozen=True, kw_only=True, tag="rewards.ready"):
    """The threshold of one version is reached; `batch` is what its update will learn from."""

    batch: list[TrajectoryRef]
    env_steps: Count
    episodes: EpisodeSummary
    rewards: Annotated[
        ObjectRef | None, Meta(description="transformed rewards; none: the environment's own")
    ] = None


class EpisodesEvaluated(PolicyMessage, frozen=True, kw_only=True, tag="episodes.evaluated"):
    """One piece of an evaluation that is divided was played; the evaluation needs all of them."""

    identity = ("run", "version", "piece")

    piece: Count
    evaluation: Annotated[ObjectRef, Meta(description="the piece's episodes")]
    episodes: EpisodeSummary
    recordings: Recordings = UNSET
    unrecorded: Unrecorded = UNSET


class EvaluationCompleted(PolicyMessage, frozen=True, kw_only=True, tag="evaluation.completed"):
    """Episodes of one version were played, to measure it."""

    evaluation: ObjectRef
    episodes: Count
    return_mean: float
    return_std: float
    length_mean: float
    recordings: Recordings = UNSET
    unrecorded: Unrecorded = UNSET


class RunResumed(RunMessage, frozen=True, kw_only=True, tag="run.resumed"):
    """A run that had ended continues, to this budget and target: its next segment."""

    identity = ("run", "segment")

    segment: Annotated[int, Meta(ge=1)] = field(name="leg")
    env_steps: Annotated[
        Count, Meta(description="budget of the whole run, earlier segments included")
    ]
    target: float | None = None


class RunStalled(Message, frozen=True, kw_only=True, tag="run.stalled"):
    """Nothing was published for as long as the deadline: what is missing is issued again."""

    identity = ("run", "number")

    number: Annotated[Count, Meta(description="counts the run's stalls, from 0")]
    waiting_for: Annotated[list[str], Meta(description="what is missing, in words")]


class StopRequested(Message, frozen=True, kw_only=True, tag="run.stop-requested"):
    """A person wants the run to end with the policy that it has."""

    identity = ("run", "segment")

    segment: Segment = field(default=0, name="leg")


class InvocationDeadLettered(Message, frozen=True, kw_only=True, tag="invocation.dead-lettered"):
    """A delivery of this run was given up."""

    identity = ("run", "call_id")

    function: str
    call_id: str
    attempts: Count
    status: int
    error: str
    queued_at: Annotated[
        float | None, Meta(description="when the message was published: Unix time, the broker's")
    ] = None


class RunCompleted(Message, frozen=True, kw_only=True, tag="run.completed"):
    """The run ended well: `reason` is target, budget or stopped."""

    identity = ("run", "segment")

    reason: str
    policy: PolicyRef
    segment: Segment = field(default=0, name="leg")


class RunFailed(Message, frozen=True, kw_only=True, tag="run.failed"):
    """The run ended badly; `reason` is for a person to act on, `detail` may hold a traceback."""

    identity = ("run", "segment")

    reason: str
    function: str = ""
    detail: str = ""
    segment: Segment = field(default=0, name="leg")
    policy: Annotated[
        PolicyRef | None, Meta(description="the newest at that time; none: none was made yet")
    ] = None


class RunUnreported(Message, frozen=True, kw_only=True, tag="run.unreported"):
    """The run has ended, and its report cannot be written; `reason` is for a person to act on."""

    identity = ("run", "segment")

    reason: str
    detail: str = ""
    segment: Segment = field(default=0, name="leg")


class ReportWritten(Message, frozen=True, kw_only=True, tag="report.written"):
    """The report of a run that ended, and its picture, are stored: nothing more will come."""

    identity = ("run", "segment")

    report: ObjectRef
    learning_curve: ObjectRef
    segment: Segment = field(default=0, name="leg")


class RunRemoved(Message, frozen=True, kw_only=True, tag="run.removed"):
    """The operator removes the run or experiment. The fact stays: nothing brings it back."""


class ExperimentRequested(Message, frozen=True, kw_only=True, tag="experiment.requested"):
    """A client requests an experiment, whose name is the `run` of all its facts.

    The specification is raw: `start-run` validates it.
    """

    spec: dict[str, Any]


class ExperimentStarted(Message, frozen=True, kw_only=True, tag="experiment.started"):
    """The specification is valid, and its base run can be run."""

    spec: Annotated[dict[str, Any], Meta(description="validated; `run` names its packages")]


class TrialRequested(Message, frozen=True, kw_only=True, tag="trial.requested"):
    """A configuration was chosen: a run for each seed will be requested, as slots become free."""

    identity = ("run", "trial")

    trial: Count
    settings: Annotated[dict[str, Any], Meta(description="by paths below the base run")]
    origin: Annotated[
        dict[str, str], Meta(description="who chose: the sampler, and versions of its library")
    ]
    runs: Annotated[list[RunId], Meta(description="in the order of the seeds")]
    parent: Annotated[
        Count | None, Meta(description="the trial with whose policies its runs begin; none: new")
    ] = None


class TrialReported(Message, frozen=True, kw_only=True, tag="trial.reported"):
    """A run of a trial has ended at a rung."""

    identity = ("run", "trial", "seed", "rung")

    trial: Count
    seed: Count
    rung: Annotated[Count, Meta(description="the run's segment, from 0")]
    end: Annotated[str, Meta(description="target, budget, stopped or failed")]
    score: Annotated[
        float | None, Meta(description="mean return of its newest evaluation; none: no result")
    ]
    env_steps: Annotated[Count, Meta(description="of the whole run")]
    gb_seconds: Annotated[float, Meta(description="of the whole run, all functions")]
    reason: Annotated[str, Meta(description="why it failed, or has no result")] = ""
    manifest: Annotated[ObjectRef | None, Meta(description="none: it never started")] = None
    policy: Annotated[PolicyRef | None, Meta(description="that it ended with; none: none")] = None


class TrialDecided(Message, frozen=True, kw_only=True, tag="trial.decided"):
    """The scheduler decided at a rung whether a trial goes on."""

    identity = ("run", "trial", "rung")

    trial: Count
    rung: Count
    decision: Annotated[str, Meta(description="continue, stop, or copy: another takes its place")]
    reason: str
    score: Annotated[float | None, Meta(description="of the trial at that rung")] = None
    parent: Annotated[Count | None, Meta(description="of a copy: the trial that is copied")] = None


class ExperimentStopRequested(Message, frozen=True, kw_only=True, tag="experiment.stop-requested"):
    """A person wants the experiment and its runs to end with what they have."""


class ExperimentCompleted(Message, frozen=True, kw_only=True, tag="experiment.completed"):
    """No run of the experiment goes on, and none will come."""

    reason: Annotated[str, Meta(description="trials, budget or stopped")]
    trials: Annotated[Count, Meta(description="that were requested")]
    failed: Annotated[Count, Meta(description="of them")]
    best: Annotated[BestTrial | None, Meta(description="none: no trial has a result")] = None


class ExperimentFailed(Message, frozen=True, kw_only=True, tag="experiment.failed"):
    """The experiment was refused, or too many of its trials failed."""

    reason: Annotated[str, Meta(description="for a person to act on")]


class ModelRegistered(Message, frozen=True, kw_only=True, tag="model.registered"):
    """A run's policy is kept as the next version of a model; `run` is the registry's own name."""

    identity = ("run", "model", "version")

    model: str
    version: Annotated[int, Meta(ge=1)]
    manifest: Annotated[ObjectRef, Meta(description="of the version")]
    source: Annotated[RunId, Meta(description="the run that trained it")]
    sha256: Annotated[Sha256, Meta(description="of its policy")]
    return_mean: float


class ModelPromoted(Message, frozen=True, kw_only=True, tag="model.promoted"):
    """An alias of a model points to this version from now on."""

    identity = ("run", "model", "alias", "number")

    model: str
    alias: str
    number: Annotated[int, Meta(ge=1, description="counts the alias's moves")]
    version: Annotated[int, Meta(ge=1)]
    previous: Annotated[Count, Meta(description="to which it pointed before; 0: to none")]
    rollback: Annotated[bool, Meta(description="it takes the promotion before back")]
    manifest: Annotated[ObjectRef, Meta(description="of the version")]
    sha256: Annotated[Sha256, Meta(description="of its policy")]


# Commands ----------------------------------------------------------------------------------------


class CollectRollout(BatchMessage, frozen=True, kw_only=True, tag="collect-rollout"):
    """To `rollout`: run slot `index` under `policy`, going on where `previous` stopped."""

    identity = ("run", "version", "index")

    index: Count
    previous: TrajectoryRef | None = None
    straggler_factor: Annotated[
        float | UnsetType,
        Meta(description="of the specification; without it the queue-worker issues no early copy"),
    ] = UNSET


class UpdatePolicy(PolicyMessage, frozen=True, kw_only=True, tag="update-policy"):
    """To `update-policy`: learn from `batch`, commit version `policy.version + 1`."""

    batch: list[TrajectoryRef]
    rewards: ObjectRef | None
    env_steps: Count
    episodes: Count
    schedule: UpdatePlan

    @property
    def outcome(self) -> tuple[str, ...]:
        """Rewards of the next version's batch: it may be published before its commands are sent."""
        return self.run, str(self.version + 1 + self.schedule.lag)


class EvaluatePolicy(PolicyMessage, frozen=True, kw_only=True, tag="evaluate-policy"):
    """To `evaluate`: play the specification's evaluation episodes with `policy`."""

    identity = ("run", "version", "piece")

    piece: Annotated[
        Count | None, Meta(description="of spec.evaluation.pieces; none: all episodes")
    ] = None


class HearUpload(Message, frozen=True, kw_only=True, tag="hear-upload"):
    """To `start-run`: a file of the inbox has started no run; `run` is what it would start."""

    key: str


Origin = (
    RunRequested
    | RunStarted
    | RewardsReady
    | EpisodesEvaluated
    | CollectRollout
    | UpdatePolicy
    | EvaluatePolicy
)


class RestoreObject(Message, frozen=True, kw_only=True, tag="restore-object"):
    """To the stage that made `object`, which was lost: make it again from the same message.

    No fact follows, since all of them are published. Along a chain of lost objects each stage
    requests the next one, until the wanted object is there.
    """

    identity = ("key", "verify")

    object: ObjectRef
    origin: Annotated[Origin, Meta(description="the message from which it was made")]
    towards: Annotated[
        Count | None, Meta(description="version that is wanted in the end; none: this object alone")
    ] = None
    verify: Annotated[
        bool, Meta(description="an object was found altered: read what is listed before use")
    ] = False
    asked: Annotated[
        Count, Meta(description="minutes since 1970: tells one request from a later one")
    ] = 0

    @property
    def key(self) -> str:
        """The object's, which names the run too."""
        return self.object.key


class WarmUp(Message, frozen=True, kw_only=True, tag="warm-up"):
    """To any stage: start a replica, and answer."""


class Span(Struct, frozen=True, array_like=True):
    """A stretch of an invocation's time; where spans overlap, the one that began last counts."""

    kind: str
    begin: Annotated[float, Meta(description="seconds after the invocation began")]
    seconds: float


class InvocationCompleted(Message, frozen=True, kw_only=True, tag="invocation.completed"):
    """The cost of one invocation, published at its end, and not once: metering."""

    function: str
    call_id: str
    replica: Annotated[str, Meta(description="empty: it died, and the queue-worker counts it")]
    started_at: Annotated[float, Meta(description="Unix time, seconds")]
    seconds: float
    memory_mb: Annotated[int, Meta(description="the function's memory limit, for GB-seconds")]
    cold_start: bool
    status: int
    heard: Annotated[str, Meta(description="type of the message; empty: none that was taken")] = ""
    version: Annotated[Count | None, Meta(description="that the message speaks of")] = None
    index: Annotated[Count | None, Meta(description="slot or piece that it speaks of")] = None
    spans: Annotated[list[Span], Meta(description="in the order in which they ended")] = []
    retried: Annotated[bool, Meta(description="delivered or issued before")] = False
    traceparent: Annotated[str, Meta(description="W3C: the run's trace, and its own span")] = ""
    parent: Annotated[str, Meta(description="id of the span that caused it; empty: none")] = ""
    policy: Annotated[
        str, Meta(description="that answered a caller, as models/cartpole/2; empty: none did")
    ] = ""


Fact = (
    RunRequested
    | UploadHeard
    | RunStarted
    | PolicyUpdated
    | RolloutCompleted
    | RolloutReissued
    | RewardsReady
    | EpisodesEvaluated
    | EvaluationCompleted
    | RunResumed
    | RunStalled
    | StopRequested
    | InvocationDeadLettered
    | RunCompleted
    | RunFailed
    | RunUnreported
    | ReportWritten
    | RunRemoved
    | ExperimentRequested
    | ExperimentStarted
    | TrialRequested
    | TrialReported
    | TrialDecided
    | ExperimentStopRequested
    | ExperimentCompleted
    | ExperimentFailed
    | ModelRegistered
    | ModelPromoted
)
Command = CollectRollout | UpdatePolicy | EvaluatePolicy | HearUpload
AnyMessage = Fact | Command | RestoreObject | WarmUp | InvocationCompleted

FACTS: tuple[type[Message], ...] = Fact.__args__
COMMANDS: tuple[type[Message], ...] = Command.__args__
REQUESTS = (RunRequested, ExperimentRequested)  # of what shares one namespace
QUEUED: tuple[type[Message], ...] = (*COMMANDS, RestoreObject, WarmUp)  # never in the log

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: Message) -> bytes:
    """The message's bytes on the wire.

    Raises:
        MessageError: too large to be taken.
    """
    return _bounded(_encoder.encode(message))


def decode(data: bytes) -> Any:
    """The message in `data`, one of `AnyMessage`.

    Raises:
        MessageError: too large, not msgpack, an unknown type, or a field that does not validate.
    """
    return read(_decoder, _bounded(data), "a message")


def read(decoder: msgspec.msgpack.Decoder[T], data: bytes, name: str) -> T:
    """The value in `data`, which an error calls `name`.

    Raises:
        MessageError: `data` does not decode or does not validate.
    """
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MessageError(f"not {name}: {error}") from error


def tag(message: Message | type[Message]) -> str:
    """The wire name of a message or message type, as `rollout.completed`."""
    return str(message.__struct_config__.tag)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_MESSAGE_BYTES:
        raise MessageError(f"a message of {len(data)} bytes; the limit is {MAX_MESSAGE_BYTES}")
    return data
