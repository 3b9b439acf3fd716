"""Vector environments whose every reset is seeded, and which can go on where others stopped.

Two kinds: an environment's own vector entry point where its state is known, else Gymnasium's
SyncVectorEnv over single environments. Both reset themselves in NEXT_STEP mode.
"""

import itertools
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from algorithms import seeding, snapshots
from algorithms.foreign import foreign
from schemas.payloads import FleetStanding, Standing
from schemas.specification import EnvironmentSpec


class Seeds(NamedTuple):
    """What the resets of one fleet derive from."""

    run_seed: int
    purpose: str
    indices: tuple[int, ...]

    def integer(self, *more: int) -> int:
        """The seed of one reset."""
        return seeding.integer(self.run_seed, self.purpose, *self.indices, *more)


class SeededEpisodes(gymnasium.Wrapper):  # type: ignore[misc]
    """Seeds every reset from the episode's number, and keeps what continuing takes.

    Args:
        env: a single environment.
        seeds: the fleet's seeds.
        place: which of the fleet's environments this is.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], seeds: Seeds, place: int) -> None:
        super().__init__(env)
        self.seeds, self.place = seeds, place
        self.episode, self.ended = -1, False
        self.replays = not snapshots.supports(env)
        self.actions: list[Any] = []  # of this episode; only where they are replayed

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begins the next episode; the vector environment's own seed is not used."""
        self.episode, self.ended = self.episode + 1, False
        self.actions = []
        seed = self.seeds.integer(self.place, self.episode)
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One step; after an end that was restored, the reset instead, as in NEXT_STEP mode."""
        if self.ended:
            observation, info = self.reset()
            return observation, 0.0, False, False, info
        if self.replays:
            self.actions.append(np.array(action))
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.ended = bool(terminated or truncated)
        return observation, reward, terminated, truncated, info

    def standing(self) -> Standing:
        """Where this environment stands: arrays, or the actions since the episode's reset."""
        data: Standing = {"episode": self.episode, "ended": self.ended}
        if self.replays:
            return {**data, "actions": np.array(self.actions)}
        return {**data, "snapshot": snapshots.take(self.env)}

    def resume(self, standing: Standing) -> Any:
        """Goes where `standing` was taken; the last observation where actions were replayed.

        Where the episode had ended there is nothing to go to: the next step resets.
        """
        self.episode, self.ended = standing["episode"], standing["ended"]
        if self.ended:
            return None
        self.episode -= 1
        observation, _ = self.reset()
        if "snapshot" in standing:
            snapshots.put(self.env, standing["snapshot"])
            return None
        for action in standing["actions"]:
            # a copy: decoded arrays are read-only, and an environment may write to its action
            observation, *_ = self.step(action.copy())
        return observation


class Fleet:
    """`num_envs` environments that step together.

    Args:
        environment: what to build.
        num_envs: how many.
        seeds: what their resets derive from.
        first: the place of the first of them among those that share the seeds.

    Raises:
        EnvironmentFailed: whatever the environment's constructor raised is the cause.
    """

    def __init__(
        self, environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int = 0
    ) -> None:
        self.seeds = seeds
        self.vector = _build(environment, num_envs, seeds, first)
        own = not isinstance(self.vector, SyncVectorEnv)
        self.singles: list[Any] = [] if own else list(self.vector.envs)  # SeededEpisodes

    def reset(self) -> Any:
        """The first observations, batched as the environment batches them."""
        seed = None if self.singles else self.seeds.integer()
        return self.vector.reset(seed=seed)[0]

    def standing(self) -> FleetStanding:
        """Where all of them stand."""
        if self.singles:
            return {"singles": [single.standing() for single in self.singles]}
        vector: Any = self.vector
        generator = seeding.pack_generator(vector.np_random)
        return {"snapshot": snapshots.take(vector), "generator": generator}

    def resume(self, standing: FleetStanding) -> dict[int, Any]:
        """Goes where `standing` was taken; the observations that replaying gave, by environment."""
        if self.singles:
            pairs = zip(self.singles, standing["singles"], strict=True)
            seen = {i: single.resume(part) for i, (single, part) in enumerate(pairs)}
            return {i: observation for i, observation in seen.items() if observation is not None}
        self.reset()
        snapshots.put(self.vector, standing["snapshot"])
        self.vector.np_random = seeding.unpack_generator(standing["generator"])
        return {}


def _build(
    environment: EnvironmentSpec, num_envs: int, seeds: Seeds, first: int
) -> VectorEnv[Any, Any, Any]:
    env_id, kwargs = environment.id, environment.kwargs
    places = itertools.count(first)
    with foreign(f"{env_id} could not be built"):
        if has_own_vector(env_id):
            return gymnasium.make_vec(env_id, num_envs, "vector_entry_point", **kwargs)
        return gymnasium.make_vec(
            env_id,
            num_envs,
            "sync",
            wrappers=[lambda env: SeededEpisodes(env, seeds, next(places))],
            # Gymnasium's checker looks at each single step and costs more than most environments.
            disable_env_checker=True,
            **kwargs,
        )


def has_own_vector(env_id: str) -> bool:
    """Whether `env_id` has a vector entry point that can be continued and resets as ours do."""
    entry_point: Any = gymnasium.spec(env_id).vector_entry_point
    if entry_point is None:
        return False
    creator: Any = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    mode = getattr(creator, "metadata", {}).get("autoreset_mode")
    return snapshots.name_of(creator) in snapshots.LAYERS and mode is AutoresetMode.NEXT_STEP
