"""Vector environments whose every reset is seeded, and which can go on where others stopped.

Two kinds: an environment's own vector entry point where its state is known, else Gymnasium's
SyncVectorEnv over single environments. Both reset themselves in NEXT_STEP mode.
"""

from collections import deque
from functools import partial
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from faastraingym.algorithms import seeding
from faastraingym.algorithms.environments import carrying, on_jax, own_rewards, snapshots
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import made_by, registered
from faastraingym.algorithms.environments.space_info import make
from faastraingym.algorithms.errors import Misfit
from faastraingym.schemas.payloads import Arrays, EnvironmentSnapshot, VectorSnapshot
from faastraingym.schemas.specification import EnvironmentSpec


class Seeds(NamedTuple):
    """The seeds of the resets of one rollout's environments."""

    run_seed: int
    purpose: str
    indices: tuple[int, ...]

    def integer(self, *more: int) -> int:
        """The seed of one reset."""
        return seeding.integer(self.run_seed, self.purpose, *self.indices, *more)


class Step(NamedTuple):
    """The answer of one environment; a reset's reward is 0."""

    observation: Any
    reward: Any
    terminated: bool
    truncated: bool


class SeededEpisodes(gymnasium.Wrapper):  # type: ignore[misc]
    """Seeds every reset from the episode's number, and keeps the data for continuing.

    It is environment number `place` of those that share `seeds`. One that must forget, or carries
    its memory, is built anew for each episode: nothing depends on the replica that played before.

    Raises:
        EnvironmentFailed: it cannot be built.
    """

    env: gymnasium.Env[Any, Any]

    def __init__(self, environment: EnvironmentSpec, seeds: Seeds, place: int) -> None:
        super().__init__(make(environment))
        self.environment, self.seeds, self.place = environment, seeds, place
        self.episode, self.ended, self.is_new = -1, False, True
        self.carried: Arrays | None = None  # into this episode; of its first one: nothing
        self.tap = own_rewards.tap(self.env)
        self.own_reward = 0.0  # of the last step, as the environment itself gave it
        self.replays = not snapshots.supports(self.env)
        self.actions: list[Any] = []  # of this episode; only where they are replayed

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begins the next episode; the vector environment's own seed is not used."""
        if not self.is_new and self.environment.memory in ("forget", "carry"):
            self._renew()
        self.episode, self.ended, self.is_new = self.episode + 1, False, False
        self.actions, self.own_reward = [], 0.0
        seed = self.seeds.integer(self.place, self.episode)
        try:
            observation, info = self.env.reset(seed=seed, options=options)
        except Misfit as misfit:
            raise self._placed(misfit) from None
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One step; after an end that was restored, the reset instead, as in NEXT_STEP mode."""
        if self.ended:
            observation, info = self.reset()
            return observation, 0.0, False, False, info
        if self.replays:
            self.actions.append(np.array(action))
        try:
            observation, reward, terminated, truncated, info = self.env.step(action)
        except Misfit as misfit:
            raise self._placed(misfit) from None
        self.own_reward = self.tap.take() if self.tap else reward
        self.ended = bool(terminated or truncated)
        return observation, reward, terminated, truncated, info

    def snapshot(self) -> EnvironmentSnapshot:
        """The state of this environment: arrays, or the actions since the episode's reset.

        Raises:
            EnvironmentFailed: it does not give its memory.
        """
        data: EnvironmentSnapshot = {"episode": self.episode, "ended": self.ended}
        remembered = self._remembered() if self.ended else self.carried
        if remembered is not None:
            data["memory"] = remembered
        if self.replays:
            return {**data, "actions": np.array(self.actions)}
        return {**data, "snapshot": snapshots.take(self.env)}

    def inherit(self, snapshot: EnvironmentSnapshot) -> None:
        """Before the first reset: remembers what the environment of `snapshot` did."""
        if "memory" in snapshot:
            self._carry(snapshot["memory"])

    def resume(self, snapshot: EnvironmentSnapshot, last: int) -> list[Step]:
        """Returns to the state of `snapshot`; the `last` steps that were played again for it.

        The step, or the reset, before them comes first. They stop early if the episode ends, which
        it had not. Of an episode that had ended there are none: the next step resets.
        """
        self.inherit(snapshot)
        self.episode, self.ended = snapshot["episode"], snapshot["ended"]
        if self.ended:
            return []
        self.episode -= 1
        observation, _ = self.reset()
        if "snapshot" in snapshot:
            snapshots.put(self.env, snapshot["snapshot"])
            return []
        played = deque([Step(observation, 0.0, False, False)], maxlen=last + 1)
        for action in snapshot["actions"]:
            # a copy: decoded arrays are read-only, and an environment may write to its action
            played.append(Step(*self.step(action.copy())[:4]))
            if self.ended:
                break
        return list(played)

    def _placed(self, misfit: Misfit) -> Misfit:
        return Misfit(f"environment {self.place}: {misfit}")

    def _renew(self) -> None:
        """Builds the environment anew, with the memory that the old one declares."""
        remembered = self._remembered()
        self.env.close()
        self.env = make(self.environment)
        self.tap = own_rewards.tap(self.env)
        if remembered is not None:
            self._carry(remembered)

    def _remembered(self) -> Arrays | None:
        return carrying.take(self.env) if self.environment.memory == "carry" else None

    def _carry(self, memory: Arrays) -> None:
        carrying.put(self.env, memory)
        self.carried = memory


class VectorEnvironments:
    """`num_envs` environments that step together; the first has the place `first` among `seeds`.

    Raises:
        EnvironmentFailed: the environment's constructor raised; its exception is the cause.
    """

    def __init__(
        self, environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int = 0
    ) -> None:
        self.seeds = seeds
        self.vector = _build(environment, num_envs, seeds, first)
        own = not isinstance(self.vector, SyncVectorEnv)
        self.singles: list[Any] = [] if own else list(self.vector.envs)  # SeededEpisodes
        self._taps = any(single.tap for single in self.singles)

    def reset(self) -> Any:
        """The first observations, batched as the environment batches them."""
        seed = None if self.singles else self.seeds.integer()
        return self.vector.reset(seed=seed)[0]

    def snapshot(self) -> VectorSnapshot:
        """The state of all of them."""
        if self.singles:
            return {"singles": [single.snapshot() for single in self.singles]}
        vector: Any = self.vector
        generator = seeding.pack_generator(vector.np_random)
        return {"snapshot": snapshots.take(vector), "generator": generator}

    def begun(self, place: int) -> Arrays:
        """After the first reset: what one environment alone begins with as that at a place did.

        Empty where its seed alone tells. The environment's own vector draws for all at once.
        """
        return {} if self.singles else snapshots.of_one(self.vector, place)

    def own_rewards(self) -> np.ndarray | None:
        """The last step's rewards [B] float64 as the environments themselves gave them.

        None: as the vector gave them.
        """
        if not self._taps:
            return None
        return np.array([single.own_reward for single in self.singles], np.float64)

    def whole(self, actor: Any, info: Any) -> Any:
        """No rollout by this actor is one program: these environments are Python's."""
        return None

    def inherit(self, snapshot: VectorSnapshot) -> None:
        """Before the first reset: remembers what the environments of `snapshot` did."""
        for single, part in zip(self.singles, snapshot.get("singles", []), strict=False):
            single.inherit(part)

    def resume(self, snapshot: VectorSnapshot, last: int) -> dict[int, list[Step]]:
        """Returns to the state of `snapshot`; the `last` steps played again, by environment."""
        if self.singles:
            pairs = zip(self.singles, snapshot["singles"], strict=True)
            played = {i: single.resume(part, last) for i, (single, part) in enumerate(pairs)}
            return {i: steps for i, steps in played.items() if steps}
        self.reset()
        snapshots.put(self.vector, snapshot["snapshot"])
        self.vector.np_random = seeding.unpack_generator(snapshot["generator"])
        return {}


def together(
    environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int = 0
) -> VectorEnvironments:
    """`num_envs` environments that step together; those on JAX are `compiled.vector`'s.

    Raises:
        EnvironmentFailed: the environment cannot be built.
    """
    kind: Any = VectorEnvironments
    if on_jax.is_one(environment):
        kind = on_jax.module("vector").Environments
    made: VectorEnvironments = kind(environment, num_envs, seeds, first)
    return made


def _build(
    environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int
) -> VectorEnv[Any, Any, Any]:
    places = range(first, first + num_envs)
    with foreign(f"{environment.id} could not be built"):
        if has_own_vector(environment):
            how = (made_by(environment), num_envs, "vector_entry_point")
            return gymnasium.make_vec(*how, **environment.kwargs)
        return SyncVectorEnv([partial(SeededEpisodes, environment, seeds, i) for i in places])


def has_own_vector(environment: EnvironmentSpec) -> bool:
    """Whether it has a vector entry point that can be continued and resets as ours do.

    Wrappers are of single environments.
    """
    if on_jax.is_one(environment):
        return True
    entry_point: Any = registered(environment).vector_entry_point
    if entry_point is None or environment.wrapped_by:
        return False
    creator: Any = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    mode = getattr(creator, "metadata", {}).get("autoreset_mode")
    return snapshots.name_of(creator) in snapshots.LAYERS and mode is AutoresetMode.NEXT_STEP
