"""The run specification: everything that the final parameters of a run depend on.

Written as TOML, YAML or JSON; examples/ has one per environment. Each field's sentence is its
`description`, exported to docs/schemas/specification.json.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from faastraingym.schemas.references import Count, ObjectRef, Sha256

Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Steps = Annotated[int, Meta(ge=1, le=10**15)]
StepsOrNone = Annotated[int, Meta(ge=0, le=10**15)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
NonNegative = Annotated[float, Meta(ge=0)]
Annealing = Literal["constant", "linear"]
Memory = Literal["none", "forget", "carry", "declared"]
MOST_RECORDED = 32  # episodes of one evaluation: each is encoded by the function that played it
MAX_ROLLOUTS = 800  # whose references fit into one message, however long the names in them are


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the specification: unknown keys are refused."""


class WrapperSpec(Section, frozen=True, kw_only=True):
    """One of Gymnasium's wrappers."""

    name: Annotated[
        str,
        Meta(
            description="AtariPreprocessing, ClipReward, FilterObservation, FlattenObservation,"
            " FrameStackObservation, GrayscaleObservation, RescaleAction, ResizeObservation or"
            " TimeLimit"
        ),
    ]
    kwargs: Annotated[
        dict[str, Any], Meta(description="its arguments, without the environment")
    ] = {}


class EnvironmentSpec(Section, frozen=True, kw_only=True):
    """What is learnt."""

    id: Annotated[
        str,
        Meta(
            description="a registered Gymnasium id, as CartPole-v1; of a package that the operator"
            " added: my_package:MyEnv-v0, or my_package:MyEnv for a class; where a file beside this"
            " one has the code: my_env.py:MyEnv-v0, which is added when a run starts"
        ),
    ]
    num_envs: Annotated[int, Meta(ge=1, le=4096, description="environments of one rollout")] = 8
    kwargs: Annotated[dict[str, Any], Meta(description="passed to gymnasium.make")] = {}
    memory: Annotated[
        Memory,
        Meta(
            description="what an environment takes from one episode into the next. none: nothing,"
            " otherwise the run is refused; forget: it is built anew for each episode; carry: the"
            " same, and get_state() of the old one goes to set_state() of the new one; declared:"
            " something that a lost replica loses, so the SHA-256 depends on failures"
        ),
    ] = "none"
    # Left out where there is none: specifications of older releases keep their bytes.
    packages: (
        Annotated[
            list[Sha256],
            Meta(
                description="SHA-256 of the package that has the id's module, then of the packages"
                " that it imports; default: the newest that the operator added",
            ),
        ]
        | UnsetType
    ) = UNSET
    wrappers: (
        Annotated[
            list[WrapperSpec],
            Meta(description="of Gymnasium, around the environment, the first innermost"),
        ]
        | UnsetType
    ) = UNSET

    @property
    def wrapped_by(self) -> tuple[WrapperSpec, ...]:
        """`wrappers`; empty where there are none."""
        return () if self.wrappers is UNSET else tuple(self.wrappers)

    @property
    def package_digests(self) -> tuple[str, ...]:
        """`packages`; empty for an environment that is no package's."""
        return () if self.packages is UNSET else tuple(self.packages)


class RolloutSpec(Section, frozen=True, kw_only=True):
    """The collection of experience: `count` rollouts per version, each of `num_envs`."""

    count: Annotated[
        int, Meta(ge=1, le=MAX_ROLLOUTS, description="rollouts per version (fan-out)")
    ] = 1
    threshold: Annotated[
        int | None,
        Meta(
            description="rollouts that trigger the update; default: count. Below count, the batch"
            " is the first to arrive: slow ones delay nothing, and the SHA-256 depends on the order"
        ),
    ] = None
    max_policy_lag: Annotated[
        int,
        Meta(
            ge=0,
            le=16,
            description="updates that the acting policy may be behind the one that learns; 1: the"
            " next rollouts run beside the update instead of after it; more: that many batches are"
            " collected ahead, as where rollouts take longer than updates now and then",
        ),
    ] = 0
    horizon: Annotated[
        Literal["steps", "episodes"],
        Meta(description="num_steps steps, continued by the next rollout; or whole episodes"),
    ] = "steps"
    num_steps: Annotated[Positive, Meta(description="T, when the horizon is steps")] = 128
    num_episodes: Annotated[Positive, Meta(description="per environment; horizon episodes")] = 1
    deadline_seconds: Annotated[
        float, Meta(gt=0, description="after this a missing piece of work is issued again")
    ] = 150.0
    # Left out where there is none: specifications of older releases keep their bytes.
    straggler_factor: (
        Annotated[
            float,
            Meta(
                gt=1,
                description="a rollout that takes this many times the median of its siblings is"
                " issued a second time, once; the first copy to come counts; default: never",
            ),
        ]
        | UnsetType
    ) = UNSET

    @property
    def needed(self) -> int:
        """Rollouts that one update learns from."""
        return self.count if self.threshold is None else self.threshold


class RecurrentSpec(Section, frozen=True, kw_only=True):
    """The cell through which a policy remembers what it saw before in its episode."""

    cell: Annotated[Literal["lstm", "gru"], Meta(description="which kind")] = "lstm"
    size: Annotated[int, Meta(ge=1, le=4096, description="of the cell's output")] = 64
    burn_in: Annotated[
        Count,
        Meta(
            description="first steps of a trajectory that only renew its initial state, by the"
            " parameters that learn, and are not learnt from; 0: the state is that of acting"
        ),
    ] = 0

    @property
    def memory_size(self) -> int:
        """Floats of a state: the cell's output, and an LSTM's inner state."""
        return self.size * (2 if self.cell == "lstm" else 1)


class AlgorithmSpec(Section, frozen=True, kw_only=True):
    """The base of algorithms' settings: each algorithm has its own, tagged by its `name`."""

    @property
    def gamma(self) -> float:
        """The discount, a field of every algorithm."""
        raise NotImplementedError

    @property
    def normalize_observations(self) -> bool:
        """Observations are normalised by running statistics; a field of algorithms that can."""
        return False

    @property
    def recurrent(self) -> RecurrentSpec | UnsetType:
        """The policy's memory, if it has any; a field of algorithms that can."""
        return UNSET

    @property
    def network(self) -> Any:
        """How observations are encoded; UNSET: as they are. A field of algorithms that can."""
        return UNSET

    @property
    def num_minibatches(self) -> int:
        """Steps in which a batch is learnt from; a field of algorithms that take several."""
        return 1


class Scale(Section, frozen=True, kw_only=True, tag_field="kind", tag="scale"):
    """r * factor"""

    factor: Annotated[float, Meta(description="of every reward")]


class Clip(Section, frozen=True, kw_only=True, tag_field="kind", tag="clip"):
    """min(max(r, low), high)"""

    low: Annotated[float, Meta(description="least reward")]
    high: Annotated[float, Meta(description="greatest reward")]


class Normalize(Section, frozen=True, kw_only=True, tag_field="kind", tag="normalize"):
    """r divided by the running standard deviation of the discounted return, then clipped."""

    clip: Annotated[float, Meta(gt=0, description="greatest size of a reward")] = 10.0


class Potential(Section, frozen=True, kw_only=True, tag_field="kind", tag="potential"):
    """r + gamma * phi(s') - phi(s), phi(s) = weights . s + squares . s^2, 0 at termination.

    Leaves the optimal policy as it is (Ng, Harada, Russell 1999).
    """

    weights: Annotated[list[float], Meta(description="one per observation element")] = []
    squares: Annotated[list[float], Meta(description="one per observation element")] = []


class Function(Section, frozen=True, kw_only=True, tag_field="kind", tag="function"):
    """What a deployed function of one's own answers for the trajectories; the first, if at all."""

    name: Annotated[
        str,
        Meta(
            max_length=63,
            description="of the OpenFaaS function, which docs/reward_functions.md tells to write",
        ),
    ]
    seconds: Annotated[
        float, Meta(gt=0, le=100, description="that it may take for a version's trajectories")
    ] = 60.0


RewardTransform = Scale | Clip | Normalize | Potential | Function


class EvaluationSpec(Section, frozen=True, kw_only=True):
    """Episodes that measure a policy, apart from training."""

    every: Annotated[int, Meta(ge=1, le=1_000_000, description="versions between evaluations")] = 10
    episodes: Annotated[int, Meta(ge=1, le=10_000, description="of each evaluation")] = 20
    pieces: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        Meta(description="`workers`, under the name that manifests have"),
    ] = None
    # Left out where there is none: specifications of older releases keep their bytes.
    workers: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=1000,
                description="invocations among which the episodes are divided, which changes no"
                " result; default: as few as run 2,000 steps each at most, but one episode at"
                " least",
            ),
        ]
        | UnsetType
    ) = UNSET
    stochastic: (
        Annotated[
            bool, Meta(description="draw actions; default: the most probable ones are played")
        ]
        | UnsetType
    ) = UNSET
    record: (
        Annotated[
            int, Meta(ge=0, le=MOST_RECORDED, description="first episodes that are filmed, too")
        ]
        | UnsetType
    ) = UNSET

    def __post_init__(self) -> None:
        """`workers` becomes `pieces`; of two numbers both stay, for validation to refuse."""
        if self.workers is not UNSET and self.pieces in (None, self.workers):
            msgspec.structs.force_setattr(self, "pieces", self.workers)
            msgspec.structs.force_setattr(self, "workers", UNSET)

    @property
    def draws(self) -> bool:
        """`stochastic`; false where nothing is said."""
        return self.stochastic is True

    @property
    def recorded(self) -> int:
        """`record`; 0 where nothing is said."""
        return 0 if self.record is UNSET else self.record


class StopSpec(Section, frozen=True, kw_only=True):
    """When the run ends: at the first of these."""

    env_steps: Annotated[
        StepsOrNone, Meta(description="budget; 0 with `evaluate` alone, which learns nothing")
    ]
    target: Annotated[
        float | None, Meta(description="mean evaluation return that is good enough")
    ] = None
    horizon: Annotated[
        Steps | None,
        Meta(
            description="environment steps over which schedules anneal; default: env_steps."
            " A run that may be resumed to a larger budget names that budget here",
        ),
    ] = None

    @property
    def annealing_steps(self) -> int:
        """Environment steps after which a linear schedule is at 0."""
        return self.horizon or self.env_steps or 1


class RetentionSpec(Section, frozen=True, kw_only=True):
    """The versions that are kept while a run goes on."""

    versions: Annotated[
        Annotated[int, Meta(ge=2, le=1_000_000)] | None,
        Meta(
            description="newest versions whose trajectories, rewards and learner states are kept,"
            " and whose policies are, evaluated ones apart, which always are; default: all",
        ),
    ] = None


class LearnerSpec(Section, frozen=True, kw_only=True):
    """The settings of the learner on which the bits of an update depend."""

    threads: Annotated[
        int, Meta(ge=1, le=256, description="XLA's threads; the learner's NPROC must equal it")
    ] = 1


class ModelSpec(Section, frozen=True, kw_only=True):
    """The registered policy that a run begins with: its name, resolved when the run is asked for.

    In a file the name alone stands for it: `init_from = "models/cartpole@champion"`.
    """

    model: Annotated[str, Meta(description="as it was named: models/NAME@ALIAS, models/NAME/3")]
    version: Annotated[int, Meta(ge=1, description="that the name stood for")]
    sha256: Annotated[Sha256, Meta(description="of its networks, with which version 0 begins")]


class PolicySpec(Section, frozen=True, kw_only=True):
    """The policy that a run evaluates: its name, resolved when the run is asked for.

    In a file the name alone stands for it: `evaluate = "models/cartpole@champion"`.
    """

    policy: Annotated[
        str,
        Meta(
            description="as it was named: models/NAME@ALIAS, models/NAME/3, runs/RUN, runs/RUN/12,"
            " or a file"
        ),
    ]
    object: Annotated[ObjectRef, Meta(description="the policy that the name stood for")]


class RunSpec(Section, frozen=True, kw_only=True):
    """One run; `algorithms.registry.parse` reads one of any algorithm."""

    environment: EnvironmentSpec
    stop: StopSpec
    algorithm: AlgorithmSpec
    seed: Annotated[int, Meta(ge=0, le=2**62, description="of everything that is random")] = 0
    rollout: RolloutSpec = RolloutSpec()
    reward: Annotated[
        list[RewardTransform],
        Meta(
            description="applied in order; empty: the plain reward. A table that has `function`"
            " stands for the one transform of that kind",
        ),
    ] = []
    evaluation: EvaluationSpec = EvaluationSpec()
    learner: LearnerSpec = LearnerSpec()
    retention: RetentionSpec = RetentionSpec()
    # Left out where there is none: specifications of older releases keep their bytes.
    init_from: (
        Annotated[
            ModelSpec | str,
            Meta(
                description="a registered policy of the same spaces and network to begin with, as"
                ' "models/cartpole@champion"; its optimizer state is new; default: none'
            ),
        ]
        | UnsetType
    ) = UNSET
    evaluate: (
        Annotated[
            PolicySpec | str,
            Meta(
                description="a policy to play `evaluation.episodes` with instead of learning, as"
                ' "models/cartpole@champion" or "runs/NAME"; what a file with this key leaves out'
                " is as the policy was trained; default: none"
            ),
        ]
        | UnsetType
    ) = UNSET

    @property
    def reward_function(self) -> Function | None:
        """The function of one's own that gives the rewards; None: the environment does."""
        first = self.reward[0] if self.reward else None
        return first if isinstance(first, Function) else None


def to_dict(spec: RunSpec) -> dict[str, Any]:
    """The specification as plain data, defaults included: what `run.requested` carries."""
    builtins: dict[str, Any] = msgspec.to_builtins(spec)
    return builtins
