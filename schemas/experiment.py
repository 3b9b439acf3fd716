"""The experiment specification: a base run, a space of configurations, and who chooses among them.

Each field's sentence is its `description`, exported to docs/schemas/experiment.json.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from faastraingym.schemas.references import Count
from faastraingym.schemas.specification import Positive, Section, Steps

Seeds = Annotated[
    list[Annotated[int, Meta(ge=0, le=2**62)]],
    Meta(min_length=1, max_length=100, description="of each configuration: a run for each"),
]


class Dimension(Section, frozen=True, kw_only=True, tag_field="kind"):
    """One setting that differs between configurations, by its path below the base run."""

    when: (
        Annotated[
            dict[str, list[Any]],
            Meta(
                description="paths of other dimensions, and the values of each with which this one"
                " exists; default: always. Without it the base run's value stands"
            ),
        ]
        | UnsetType
    ) = UNSET


class Choice(Dimension, frozen=True, kw_only=True, tag="choice"):
    """One of these values: a grid has them all, in this order."""

    values: Annotated[list[Any], Meta(min_length=1, description="any of the setting's type")]


class Uniform(Dimension, frozen=True, kw_only=True, tag="uniform"):
    """A number between two, all equally likely."""

    low: Annotated[float, Meta(description="least")]
    high: Annotated[float, Meta(description="greatest")]


class LogUniform(Dimension, frozen=True, kw_only=True, tag="log-uniform"):
    """A number between two positive ones, whose logarithms are equally likely."""

    low: Annotated[float, Meta(gt=0, description="least")]
    high: Annotated[float, Meta(gt=0, description="greatest")]


class Integer(Dimension, frozen=True, kw_only=True, tag="integer"):
    """A whole number between two, both included."""

    low: Annotated[int, Meta(description="least")]
    high: Annotated[int, Meta(description="greatest")]
    step: Annotated[int, Meta(ge=1, description="between neighbours, from low on")] = 1
    log: Annotated[bool, Meta(description="logarithms are equally likely; step is 1")] = False


AnyDimension = Choice | Uniform | LogUniform | Integer


class Sampler(Section, frozen=True, kw_only=True, tag_field="name"):
    """Who chooses the configurations."""


class Grid(Sampler, frozen=True, kw_only=True, tag="grid"):
    """Every combination of choices, the last dimension fastest; nothing but choices."""


class Sampled(Sampler, frozen=True, kw_only=True):
    """A sampler of Optuna: its study is rebuilt from the facts for each suggestion."""

    trials: Annotated[int, Meta(ge=1, le=10_000, description="configurations in all")]
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1, description="of the suggestions")] = 0


class Random(Sampled, frozen=True, kw_only=True, tag="random"):
    """Independent draws."""


class Tpe(Sampled, frozen=True, kw_only=True, tag="tpe"):
    """The tree-structured Parzen estimator (Bergstra et al. 2011)."""

    startup: Annotated[int, Meta(ge=1, le=10_000, description="random draws before it")] = 10


class CmaEs(Sampled, frozen=True, kw_only=True, tag="cmaes"):
    """Covariance matrix adaptation (Hansen 2016): numbers alone, without `when`."""


AnySampler = Grid | Random | Tpe | CmaEs


class Scheduler(Section, frozen=True, kw_only=True, tag_field="name"):
    """Who decides which trials go on: at rungs, environment steps at which every run pauses."""


class Unscheduled(Scheduler, frozen=True, kw_only=True, tag="none"):
    """Every run has the whole budget of the base run."""


class Halving(Scheduler, frozen=True, kw_only=True, tag="halving"):
    """Successive halving: of the trials at a rung the best 1/`factor` go on to the next.

    Rungs are at `first`, `first` times `factor`, ... environment steps, the last at the base run's
    budget. Without `asynchronous` a rung is decided once all of its trials are there, by the
    specification alone; with it (ASHA, Li et al. 2020) a trial goes on as soon as it is among the
    best 1/`factor` of those that are there, which depends on the order and is recorded.
    """

    first: Annotated[Steps, Meta(description="environment steps of the first rung")]
    factor: Annotated[int, Meta(ge=2, le=100, description="of survivors, and between rungs")] = 3
    asynchronous: Annotated[bool, Meta(description="decide before a rung is complete")] = False


class Hyperband(Scheduler, frozen=True, kw_only=True, tag="hyperband"):
    """Halvings with several first rungs (Li et al. 2018); trials join their brackets in turn."""

    first: Annotated[Steps, Meta(description="environment steps of the least first rung")]
    factor: Annotated[int, Meta(ge=2, le=100, description="of survivors, and between rungs")] = 3


class MedianStop(Scheduler, frozen=True, kw_only=True, tag="median"):
    """A trial stops at a rung if it is below the median of those that were there before."""

    every: Annotated[Steps, Meta(description="environment steps between rungs")]
    trials: Annotated[int, Meta(ge=1, description="that must have been there")] = 5


class Plateau(Scheduler, frozen=True, kw_only=True, tag="plateau"):
    """A trial stops once it has not become better for some rungs."""

    every: Annotated[Steps, Meta(description="environment steps between rungs")]
    patience: Annotated[int, Meta(ge=1, description="rungs without a better return")] = 3
    min_delta: Annotated[float, Meta(ge=0, description="by which better is better")] = 0.0


class Population(Scheduler, frozen=True, kw_only=True, tag="population"):
    """Population-based training (Jaderberg et al. 2017); the sampler's trials are the population.

    At each rung the worst `quantile` continue from copies of the best `quantile`: policy and
    learner state by reference, with settings perturbed, or drawn anew.
    """

    every: Annotated[Steps, Meta(description="environment steps between rungs")]
    quantile: Annotated[float, Meta(gt=0, le=0.5, description="who copies, and is copied")] = 0.25
    resample: Annotated[
        float, Meta(ge=0, le=1, description="probability of a draw instead of a perturbation")
    ] = 0.25
    factors: Annotated[
        tuple[float, float], Meta(description="one of which a number is multiplied by")
    ] = (0.8, 1.25)


AnyScheduler = Unscheduled | Halving | Hyperband | MedianStop | Plateau | Population


class Budget(Section, frozen=True, kw_only=True):
    """What the experiment may use: nothing new begins once one of these is used up."""

    runs: Annotated[Positive | None, Meta(description="in all; default: as many as it needs")] = (
        None
    )
    env_steps: Annotated[Steps | None, Meta(description="of all runs; default: any")] = None
    gb_seconds: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="of all runs; default: any")
    ] = None


class ExperimentSpec(Section, frozen=True, kw_only=True):
    """Competing configurations of one run, compared by their last evaluations' mean returns."""

    run: Annotated[dict[str, Any], Meta(description="the base run: a run specification")]
    space: Annotated[
        dict[str, AnyDimension],
        Meta(description="by paths below the base run, as algorithm.learning_rate"),
    ]
    seeds: Seeds
    at_once: Annotated[int, Meta(ge=1, le=1000, description="runs that go on at one time")] = 4
    sampler: AnySampler = Grid()
    scheduler: AnyScheduler = Unscheduled()
    budget: Budget = Budget()
    max_failed: Annotated[
        Count, Meta(description="failed trials that it bears; one more ends it")
    ] = 3
