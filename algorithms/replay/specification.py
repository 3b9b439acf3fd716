"""The settings of replay, the same for every algorithm that learns by it. Data alone: no NumPy."""

from collections.abc import Iterator
from typing import Annotated, Any, cast

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms.api import anneal
from faastraingym.schemas.references import Sha256
from faastraingym.schemas.specification import AlgorithmSpec, Fraction, Positive, RunSpec, Section


class DatasetSpec(Section, frozen=True, kw_only=True):
    """Episodes that others played."""

    minari: Annotated[
        str,
        Meta(
            description="a dataset of Minari, as cartpole/expert-v0, on the machine that starts the"
            " run: it goes to the store then"
        ),
    ]
    sha256: (
        Annotated[Sha256, Meta(description="of it in the store; filled in when a run starts")]
        | UnsetType
    ) = UNSET
    entries: (
        Annotated[
            int,
            Meta(
                ge=2,
                description="its transitions and final observations; filled in when a run starts",
            ),
        ]
        | UnsetType
    ) = UNSET


class ReplaySpec(AlgorithmSpec, frozen=True, kw_only=True):
    """The base of settings of algorithms that learn by replay."""

    capacity: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000_000,
            description="newest transitions that are sampled, rounded up to whole versions",
        ),
    ] = 100_000
    batch_size: Annotated[Positive, Meta(description="transitions of a gradient step")] = 64
    gradient_steps: Annotated[Positive, Meta(description="of each version")] = 128
    learning_starts: Annotated[
        int,
        Meta(ge=0, le=10**15, description="environment steps before the first gradient step"),
    ] = 1000
    n_step: Annotated[
        int, Meta(ge=1, le=1000, description="rewards that a target adds up before it bootstraps")
    ] = 1
    prioritized: Annotated[
        bool, Meta(description="sample by the size of the last error; else uniformly")
    ] = False
    priority_exponent: Annotated[Fraction, Meta(description="0: uniform; 1: proportional")] = 0.6
    priority_correction: Annotated[
        Fraction,
        Meta(description="of the bias of sampling, at first; annealed to 1 at the horizon of stop"),
    ] = 0.4
    init_from: (
        Annotated[
            DatasetSpec,
            Meta(
                description="a table with the name of a dataset, whose newest transitions fill the"
                " window before the run's own, and are pushed out by them; default: none"
            ),
        ]
        | UnsetType
    ) = UNSET

    @property
    def acts_rescaled(self) -> bool:
        """Whether trajectories have bounded actions of a Box as -1 to 1."""
        return False


def collected(spec: RunSpec) -> int:
    """Transitions of one version, resets' pseudo-transitions included."""
    return spec.rollout.count * spec.rollout.num_steps * spec.environment.num_envs


def replayed_versions(spec: RunSpec) -> int:
    """Versions before the newest that the window reaches back, to hold `capacity` transitions.

    At least one: a window is more than the batch.
    """
    settings = cast(ReplaySpec, spec.algorithm)
    return max(1, -(-settings.capacity // collected(spec)) - 1)


def coefficients(spec: RunSpec, progress: float) -> dict[str, float]:
    """The annealed learning rate, and the correction of priorities where there are any."""
    settings: Any = spec.algorithm
    rate = anneal(settings.learning_rate, settings.learning_rate_schedule, progress)
    if not settings.prioritized:
        return {"learning_rate": rate}
    uncorrected = anneal(1.0 - settings.priority_correction, "linear", progress)
    return {"learning_rate": rate, "priority_correction": 1.0 - uncorrected}


def is_learning(spec: RunSpec, progress: float) -> bool:
    """Whether learning has started at `progress`."""
    settings = cast(ReplaySpec, spec.algorithm)
    return round(progress * spec.stop.annealing_steps) >= settings.learning_starts


def dataset_versions(spec: RunSpec) -> int:
    """Versions before 0 whose places in the window a dataset fills; 0 without one."""
    begins = spec.algorithm.init_from if isinstance(spec.algorithm, ReplaySpec) else UNSET
    if begins is UNSET or begins.entries is UNSET:
        return 0
    return min(replayed_versions(spec), begins.entries // collected(spec))


def gradient_steps(spec: RunSpec, progress: float) -> int:
    """The gradient steps of a version at `progress`; 0 until learning starts."""
    settings = cast(ReplaySpec, spec.algorithm)
    return settings.gradient_steps if is_learning(spec, progress) else 0


def problems(spec: RunSpec) -> Iterator[str]:
    """A sentence for each reason why there would be no window, or nothing in it to sample."""
    rollout, settings = spec.rollout, cast(ReplaySpec, spec.algorithm)
    if rollout.needed != rollout.count:
        yield (
            f"spec.rollout.threshold: found {rollout.threshold}; allowed: {rollout.count}, the "
            "fan-out (spec.rollout.count), for replay names trajectories by version and slot"
        )
    if rollout.horizon != "steps":
        yield (
            f"spec.rollout.horizon: found {rollout.horizon}; allowed: steps, for replay samples "
            "trajectories of a known length"
        )
        return
    yield from _unfilled(spec, settings)
    if settings.init_from is not UNSET:
        yield from _unlike(spec, settings.init_from)


def _unlike(spec: RunSpec, begins: DatasetSpec) -> Iterator[str]:
    """What keeps a run from beginning with a dataset."""
    if begins.sha256 is UNSET or begins.entries is UNSET:
        lacking = "sha256" if begins.sha256 is UNSET else "entries"
        yield (
            f"spec.algorithm.init_from.{lacking}: missing; allowed: that of a dataset in the "
            f"store, where `faastrain train` and `start` put {begins.minari} from the machine on "
            "which they run, for functions read no files"
        )
    elif begins.entries < collected(spec):
        yield (
            f"spec.algorithm.init_from: found {begins.minari} with {begins.entries} transitions "
            f"and final observations; allowed: at least {collected(spec)}, as one version has "
            "(count x num_steps x num_envs)"
        )
    if spec.reward:
        yield (
            f"spec.reward: found {len(spec.reward)} transforms; allowed: none with "
            "spec.algorithm.init_from, for a dataset has the environment's own rewards"
        )


def _unfilled(spec: RunSpec, settings: ReplaySpec) -> Iterator[str]:
    steps = (replayed_versions(spec) + 1) * spec.rollout.num_steps
    if settings.n_step > steps:
        yield (
            f"spec.algorithm.n_step: found {settings.n_step}; allowed: at most {steps}, the steps "
            "of a slot in the window of spec.algorithm.capacity transitions"
        )
    if settings.n_step > 1 and spec.environment.memory == "declared":
        yield (
            f"spec.algorithm.n_step: found {settings.n_step}; allowed: 1, for with "
            "spec.environment.memory = declared a slot may go on elsewhere than it stopped"
        )
    before = max(settings.learning_starts, collected(spec))
    least = min(before, settings.capacity)
    if settings.batch_size > least:
        yield (
            f"spec.algorithm.batch_size: found {settings.batch_size}; allowed: at most {least}, "
            "the transitions in the window when learning starts (spec.algorithm.learning_starts, "
            "spec.algorithm.capacity, or count x num_steps x num_envs of one version)"
        )
