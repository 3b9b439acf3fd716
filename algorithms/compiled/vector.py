"""A rollout's environments on JAX, with the methods of `vectors.VectorEnvironments`."""

from typing import Any

import jax
import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.api import Actor
from faastraingym.algorithms.compiled.fleet import Compiled, compiled
from faastraingym.algorithms.compiled.program import program
from faastraingym.algorithms.compiled.whole import Whole, whole
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.environments.vectors import Seeds
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import VectorSnapshot
from faastraingym.schemas.specification import EnvironmentSpec


class Vector:
    """As far as our loops use one of Gymnasium's: `step`; its state is `fleet`."""

    def __init__(self, functions: Compiled, key: np.ndarray, places: np.ndarray) -> None:
        self.functions, self.key, self.places = functions, key, places
        self.fleet: Any = None  # a Fleet, once it was reset or resumed

    def reset(self) -> np.ndarray:
        """The first observations, [B, ...]."""
        self.fleet, observations = self.functions.begin(self.key, self.places)
        return np.asarray(observations)

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        """Observations [B, ...], rewards [B], terminated [B], truncated [B], and no info."""
        self.fleet, answer = self.functions.step(self.key, self.places, self.fleet, actions)
        return *map(np.asarray, answer), {}


class Environments:
    """`num_envs` environments that step together; the first has the place `first` among `seeds`.

    Raises:
        EnvironmentFailed: the environment cannot be built.
    """

    def __init__(
        self, environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int = 0
    ) -> None:
        self.env_id, self.program = environment.id, program(environment)
        key = seeding.key_data(seeds.run_seed, seeds.purpose, *seeds.indices)
        places = np.arange(first, first + num_envs, dtype=np.int32)
        self.vector = Vector(compiled(self.program), key, places)

    def reset(self) -> np.ndarray:
        """The first observations, [B, ...]."""
        return self.vector.reset()

    def own_rewards(self) -> None:
        """No wrapper changes rewards here."""

    def whole(self, actor: Actor, info: SpaceInfo) -> Whole | None:
        """A rollout by this actor as one program; None: it acts between steps, in NumPy."""
        return whole(self.program, actor, info)

    def snapshot(self) -> VectorSnapshot:
        """The state of all of them: its arrays in JAX's order, and the counts."""
        leaves = jax.tree.leaves(self.vector.fleet)
        return {"snapshot": {f"{i:03}": np.asarray(leaf) for i, leaf in enumerate(leaves)}}

    def inherit(self, snapshot: VectorSnapshot) -> None:
        """Nothing: a pure function remembers nothing of episodes before."""

    def resume(self, snapshot: VectorSnapshot, last: int) -> dict[int, Any]:
        """Returns to the state of `snapshot`; no step is played again for it.

        Raises:
            EnvironmentFailed: it is of another environment, or of another version of its library.
        """
        vector = self.vector
        shapes, _ = jax.eval_shape(vector.functions.begin, vector.key, vector.places)
        wanted, tree = jax.tree.flatten(shapes)
        found = [array for _, array in sorted(snapshot["snapshot"].items())]
        if _kinds(found) != _kinds(wanted):
            raise EnvironmentFailed(
                f"{self.env_id}: the state that the slot's last trajectory holds is not one of "
                "its own; its library is another version than the one that collected that"
            )
        vector.fleet = jax.tree.unflatten(tree, found)
        return {}


def _kinds(arrays: Any) -> list[tuple[Any, ...]]:
    return [(array.shape, np.dtype(array.dtype)) for array in arrays]
