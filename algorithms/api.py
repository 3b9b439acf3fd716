"""The door through which the platform knows an algorithm: four modules, each loaded where needed.

`<algorithm>/specification.py` (Rules)   data alone: its settings, its checks and its plan
`<algorithm>/acting.py` (Acting)         NumPy: its arrays, and its actor
`<algorithm>/graph.py` (Drawing)         its actor as a graph, for files that others read
`<algorithm>/learner.py` (Learner)       JAX: initialise, update, project

`algorithms/registry.py` names the algorithms that there are.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from faastraingym.schemas.messages import UpdatePlan
from faastraingym.schemas.specification import AlgorithmSpec, Annealing, RunSpec

if TYPE_CHECKING:  # stages that only plan have no NumPy
    import numpy as np

    from faastraingym.algorithms.environments.space_info import SpaceInfo
    from faastraingym.algorithms.graphs.actions import Drawn
    from faastraingym.algorithms.graphs.graph import Graph
    from faastraingym.algorithms.graphs.observations import Seen
    from faastraingym.algorithms.replay.ring import Ring
    from faastraingym.schemas.array_specs import ArraySpecs
    from faastraingym.schemas.payloads import Arrays, LearnerState, Policy, Trajectory


class LearningPlan(NamedTuple):
    """An algorithm's plan for one version, from the progress of its run."""

    coefficients: Mapping[str, float]  # of the update, by name; `learning_rate` is one of them
    exploration: Mapping[str, float] = {}  # of the rollouts that the version acts in
    gradient_steps: int | None = None  # of the update; none: as its epochs and minibatches make


class Rules(Protocol):
    """`<algorithm>/specification.py`."""

    Specification: type[AlgorithmSpec]  # its tag is the algorithm's name
    ACTIONS: tuple[str, ...]  # the kinds of spaces it acts in: Discrete, Box

    def problems(self, spec: RunSpec) -> Iterator[str]:
        """Its objections to a specification whose single values are valid."""

    def plan(self, spec: RunSpec, progress: float) -> LearningPlan:
        """The plan of a version at `progress`: 0 at the start, 1 where schedules have annealed."""

    def replayed_versions(self, spec: RunSpec) -> int:
        """Versions before the newest whose trajectories an update samples, too; on-policy: 0.

        The specification alone must fix it: no later update may need an object that is pruned.
        """


class Actor(Protocol):
    """A policy that acts. The step loop calls it with observations of all environments at once."""

    output_size: int  # K

    def noise(self, generator: "np.random.Generator", steps: int, num_envs: int) -> "np.ndarray":
        """The noise of `steps` steps, [T, B, ...]; two halves in turn equal the whole at once."""

    def outputs(
        self,
        observations: "np.ndarray",
        mask: "np.ndarray | None" = None,
        memory: "np.ndarray | None" = None,
    ) -> "np.ndarray":
        """The network's outputs, [B, K] float32, for observations [B, O] float32.

        `mask`, [B, M] bool, tells which actions are valid: the others' outputs are such that the
        methods below never choose them; none: all are valid. A recurrent policy
        (`AlgorithmSpec.recurrent`) moves its `memory`, [B, M], on in place; every other one is
        given none.
        """

    def sample(self, outputs: "np.ndarray", noise: "np.ndarray") -> "np.ndarray":
        """Actions that explore, [B] or [B, A]."""

    def deterministic(self, outputs: "np.ndarray") -> "np.ndarray":
        """Actions that do not, [B] or [B, A]."""

    def sent(self, actions: "np.ndarray") -> "np.ndarray":
        """Actions as the environment takes them."""

    def extras(self, outputs: "np.ndarray", actions: "np.ndarray") -> "Arrays":
        """Further arrays of acting that the learner needs, by name, [T, B, ...] each."""


class Critic(Protocol):
    """A value function, where the learner has one: `critic` of an `Acting`, which may lack it."""

    def __call__(self, spec: RunSpec, networks: "LearnerState", info: "SpaceInfo") -> "Valuing":
        """Ready to value; PayloadError: `networks` have none, or another specification's."""


class Valuing(Protocol):
    """What a `Critic` makes."""

    def values(
        self, observations: "np.ndarray", memory: "np.ndarray | None" = None
    ) -> "np.ndarray":
        """V(s), [B] float32, of observations [B, O] float32.

        `memory`, [B, M], is that of a recurrent policy after it has seen them.
        """


class Acting(Protocol):
    """`<algorithm>/acting.py`."""

    def policy_arrays(self, spec: RunSpec, info: "SpaceInfo") -> "ArraySpecs":
        """The arrays of `Policy.parameters`."""

    def learner_arrays(self, spec: RunSpec, info: "SpaceInfo") -> "ArraySpecs":
        """The arrays of `LearnerState.parameters`."""

    def extras(self, spec: RunSpec, info: "SpaceInfo") -> "ArraySpecs":
        """A trajectory's further arrays, for each step of each environment."""

    def activations(self, spec: RunSpec, info: "SpaceInfo") -> int:
        """Floats that the networks' layers hold of one sample, to estimate memory."""

    def actor(
        self, spec: RunSpec, policy: "Policy", info: "SpaceInfo", exploration: Mapping[str, float]
    ) -> Actor:
        """The policy, ready to act; an evaluation explores nothing: `exploration` is empty."""


class Drawing(Protocol):
    """`<algorithm>/graph.py`."""

    def drawn(self, graph: "Graph", spec: RunSpec, info: "SpaceInfo", seen: "Seen") -> "Drawn":
        """The actor's `outputs`, and what it sends of deterministic actions, of `graph.policy`."""


class Learner(Protocol):
    """`<algorithm>/learner.py`. The same arguments give the same bits."""

    def initialise(self, spec: RunSpec) -> "LearnerState":
        """Version 0."""

    def update(
        self,
        spec: RunSpec,
        state: "LearnerState",
        batch: "list[Trajectory]",
        rewards: "list[np.ndarray] | None",
        plan: UpdatePlan,
        replay: "Ring | None" = None,
    ) -> "tuple[LearnerState, dict[str, float]]":
        """The version after `state`, and metrics; `replay` has the versions of `plan.replay`."""

    def project(self, state: "LearnerState") -> "Policy":
        """The part of `state` that an actor needs."""


def anneal(initial: float, annealing: Annealing, progress: float) -> float:
    """`initial`, or its linear way down to 0 at `progress` 1."""
    return initial if annealing == "constant" else initial * max(0.0, 1.0 - progress)


def samples(spec: RunSpec) -> int | None:
    """Samples of an update; None: how long whole episodes are is not known before."""
    rollout = spec.rollout
    if rollout.horizon != "steps" or rollout.needed < 1:
        return None
    return rollout.needed * rollout.num_steps * spec.environment.num_envs
