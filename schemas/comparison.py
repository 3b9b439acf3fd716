"""Runs compared: what `faastrain compare --json` prints.

A configuration is a specification without its seed; its runs differ in that alone. A run's score is
the mean evaluation return of the policy that it reports, or while it goes on of its newest one.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from faastraingym.schemas.report import CurvePoint, Status

TrialState = Literal["running", "waiting", "paused", "stopped", "completed", "failed"]


class Estimate(Struct, frozen=True, kw_only=True):
    """A statistic of a configuration's scores, with its 95 % interval over seeds."""

    value: float
    low: Annotated[float | None, Meta(description="null: one run has no interval")]
    high: float | None


class Spending(Struct, frozen=True, kw_only=True):
    """What a run used up to some point."""

    env_steps: float
    seconds: Annotated[float, Meta(description="from its request on, pauses left out")]
    gb_seconds: Annotated[float, Meta(description="of all functions, retries included")]


class ComparedRun(Struct, frozen=True, kw_only=True):
    """One run."""

    run_id: str
    configuration: Annotated[int, Meta(description="its number")]
    seed: int | None
    status: Status
    reason: Annotated[str, Meta(description="target, budget, stopped, or why it failed")]
    score: Annotated[float | None, Meta(description="null: it failed, or has no evaluation yet")]
    spent: Spending
    to_target: Annotated[
        Spending | None,
        Meta(
            description="up to the first evaluation that reached the target; GB-seconds of what"
            " began before it, or if the run ended there of the whole run; null: none reached it"
        ),
    ]
    sha256: Annotated[str, Meta(description="of the reported policy; empty: there is none")]
    evaluations: Annotated[list[CurvePoint], Meta(description="its learning curve")]


class Configuration(Struct, frozen=True, kw_only=True):
    """Runs that differ in their seed alone; numbers are of those that have a score."""

    number: Annotated[int, Meta(description="from 0, in the order in which runs were named")]
    settings: Annotated[
        dict[str, Any],
        Meta(description="by path, those in which configurations differ; absent: it has none"),
    ]
    runs: Annotated[list[str], Meta(description="names")]
    scored: Annotated[int, Meta(description="how many of them have a score")]
    mean: Annotated[Estimate | None, Meta(description="of scores; null: no run has one")]
    interquartile_mean: Estimate | None
    optimality_gap: Annotated[
        Estimate | None,
        Meta(description="mean of what is missing to the target; null: there is no target"),
    ]
    improved_by_best: Annotated[
        Estimate | None,
        Meta(
            description="probability that a run of the best configuration has a higher score than"
            " one of this; null for the best"
        ),
    ]
    spent: Annotated[Spending | None, Meta(description="means")]
    reached: Annotated[int, Meta(description="how many reached the target")]
    to_target: Annotated[
        Spending | None, Meta(description="means of those that reached it; null: none did")
    ]


class Importance(Struct, frozen=True, kw_only=True):
    """How much each setting decides which configurations are the best."""

    shares: Annotated[dict[str, float], Meta(description="by path, the sum is 1; may be empty")]
    method: Annotated[str, Meta(description="library, version and method; or why there are none")]


class RungScore(Struct, frozen=True, kw_only=True):
    """What a trial reached at a rung."""

    env_steps: Annotated[int, Meta(description="of each of its runs, at which they pause")]
    score: Annotated[float | None, Meta(description="mean over its runs; null: it failed")]
    runs: Annotated[dict[str, float | None], Meta(description="of each run, by name")]


class Perturbed(Struct, frozen=True, kw_only=True):
    """A setting in which a copy differs from the trial that was copied; null: it has none."""

    parent: Any
    copy: Any


class ComparedTrial(Struct, frozen=True, kw_only=True):
    """A trial of an experiment."""

    experiment: str
    trial: Annotated[int, Meta(description="its number")]
    configuration: Annotated[int | None, Meta(description="that of its runs; null: none has begun")]
    runs: Annotated[list[str], Meta(description="names, in the order of the seeds")]
    state: TrialState
    reason: Annotated[str, Meta(description="of the newest decision, or why it failed")]
    chosen_by: Annotated[
        dict[str, str], Meta(description="the sampler, and versions of its library")
    ]
    scores: Annotated[list[RungScore], Meta(description="in the order of rungs")]
    parent: Annotated[
        int | None, Meta(description="the trial with whose networks its runs began; null: with new")
    ]
    replaces: Annotated[
        int | None, Meta(description="the trial of the population whose place a copy takes")
    ]
    begun_at: Annotated[int, Meta(description="environment steps of the parent that it copied")]
    perturbed: Annotated[
        dict[str, Perturbed], Meta(description="by path, in what it differs from its parent")
    ]


class ComparedDecision(Struct, frozen=True, kw_only=True):
    """What a scheduler decided about a trial at a rung."""

    experiment: str
    trial: int
    env_steps: Annotated[int, Meta(description="of the rung")]
    score: Annotated[float | None, Meta(description="of the trial there; null: it failed")]
    decision: Literal["continue", "stop", "copy"]
    reason: str
    parent: Annotated[int | None, Meta(description="of a copy: the trial that is copied")]


class ComparisonReport(Struct, frozen=True, kw_only=True):
    """Runs of one environment, by configuration."""

    environment: str
    target: Annotated[
        float | None, Meta(description="asked for, or the runs' own if they have the same")
    ]
    settings: Annotated[list[str], Meta(description="paths in which configurations differ")]
    best: Annotated[
        int,
        Meta(
            description="the configuration with the highest mean score, whose runs all have one if"
            " there is such a configuration; the first of equals"
        ),
    ]
    configurations: list[Configuration]
    runs: list[ComparedRun]
    importance: Importance
    trials: Annotated[
        list[ComparedTrial], Meta(description="of experiments that were named, by their numbers")
    ]
    decisions: Annotated[
        list[ComparedDecision], Meta(description="of their schedulers, in the order of the log")
    ]
    remarks: Annotated[list[str], Meta(description="what the numbers lack")]
