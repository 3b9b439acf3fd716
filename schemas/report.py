"""The report of a run: what `faastrain show` prints and `runs/<run>/report.json` keeps."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Status = Literal["requested", "running", "stopping", "completed", "failed"]


class EvaluationReport(Struct, frozen=True, kw_only=True):
    """Episodes of the reported policy; undiscounted returns."""

    mean: float
    std: float
    episodes: int


class PolicyReport(Struct, frozen=True, kw_only=True):
    """The reported policy's object."""

    version: int
    key: str
    sha256: str


class RecordingReport(Struct, frozen=True, kw_only=True):
    """The film of an evaluation's episode."""

    version: Annotated[int, Meta(description="of the policy that acts")]
    episode: int
    key: str
    size: Annotated[int, Meta(description="bytes")]
    sha256: str


class Usage(Struct, frozen=True, kw_only=True):
    """The cost of one function's invocations, retries included."""

    invocations: int = 0
    seconds: Annotated[float, Meta(description="busy seconds, summed over invocations")] = 0.0
    gb_seconds: Annotated[float, Meta(description="seconds x memory limit in GiB")] = 0.0
    cold_starts: int = 0


class CurvePoint(Struct, frozen=True, kw_only=True):
    """One point of the learning curve."""

    version: int
    env_steps: int
    return_mean: float


class MetricCurves(Struct, frozen=True, kw_only=True):
    """The metrics of updates, as columns: the n-th value is of the n-th version."""

    versions: list[int] = []
    env_steps: list[int] = []
    metrics: Annotated[
        dict[str, list[float | None]],
        Meta(description="losses and diagnostics by name; null where an update had none"),
    ] = {}


class Staleness(Struct, frozen=True, kw_only=True):
    """Updates between the policies that collected a batch and the one that learnt from it."""

    mean: Annotated[float, Meta(description="over the updates")]
    max: int


class RunReport(Struct, frozen=True, kw_only=True):
    """One run, as its facts tell it."""

    run_id: str
    segment: Annotated[
        int, Meta(description="0, and one more for every time that it was resumed")
    ] = field(default=0, name="leg")
    status: Status
    reason: Annotated[str, Meta(description="target, budget, stopped, or why it failed")]
    detail: Annotated[str, Meta(description="of a failure: the function's error")] = ""
    algorithm: str
    environment: str
    spec: Annotated[dict[str, Any], Meta(description="with the stop of the newest segment")]
    versions: Annotated[int, Meta(description="updates made, the reported policy's included")]
    env_steps: int
    episodes: int
    best_return: Annotated[float | None, Meta(description="best mean evaluation return")]
    evaluation: EvaluationReport | None
    policy: PolicyReport | None
    usage: dict[str, Usage]
    wall_seconds: Annotated[
        float, Meta(description="from request or resumption to the end, summed over the segments")
    ]
    training: Annotated[list[CurvePoint], Meta(description="mean return of training episodes")]
    evaluations: list[CurvePoint]
    metrics: Annotated[dict[str, float], Meta(description="of the last update")]
    platform: Annotated[dict[str, str], Meta(description="what the SHA-256 holds within")] = {}
    unreported: Annotated[bool, Meta(description="the report could not be stored")] = False
    reproducible: Annotated[
        str, Meta(description="`yes` or `no`, and why: whether the SHA-256 follows from spec alone")
    ] = ""
    bucket: Annotated[str, Meta(description="where the keys are; empty: the run never started")] = (
        ""
    )
    latest_version: Annotated[
        int, Meta(description="the newest, which training reached while evaluations ran")
    ] = 0
    latest_env_steps: int = 0
    curves: MetricCurves = MetricCurves()
    staleness: Annotated[Staleness | None, Meta(description="null: no update was made")] = None
    dropped_rollouts: Annotated[
        int, Meta(description="completed after their batch was whole: too old for any update")
    ] = 0
    reissued_rollouts: Annotated[
        int, Meta(description="late beside their siblings, and issued a second time")
    ] = 0
    advice: Annotated[
        list[str], Meta(description="where the return has not risen: since when, and what to try")
    ] = []
    recordings: Annotated[
        list[RecordingReport], Meta(description="films of evaluations' first episodes")
    ] = []
    unrecorded: Annotated[
        str, Meta(description="why the newest evaluation has fewer of them than were asked for")
    ] = ""
