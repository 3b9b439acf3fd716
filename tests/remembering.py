"""Environments that take something from one episode into the next, each in its own way.

Replicas import this module when FTG_ENVIRONMENTS names it.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import ClipReward, NormalizeObservation, NormalizeReward, TransformReward

COUNTING, LATE, FAR = "remembering/Counting-v0", "remembering/Late-v0", "remembering/Far-v0"
FIXED, OWN_RANDOM = "remembering/Fixed-v0", "remembering/OwnRandom-v0"
SHARED, UNSEEDED = "remembering/Shared-v0", "remembering/Unseeded-v0"
ENDING, SCALED = "remembering/Ending-v0", "remembering/ScaledPendulum-v0"
SEEN, CLIPPED = "remembering/SeenPendulum-v0", "remembering/ClippedPendulum-v0"

ACROSS_EPISODES = (COUNTING, LATE, FIXED, OWN_RANDOM, ENDING, SCALED, SEEN)
FOR_EVER = (SHARED, UNSEEDED)  # building them anew does not help


class Counting(gymnasium.Env):
    """A curriculum: how many episodes there were outlives a reset; shown in the reward alone."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self.episodes = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.episodes, self.t = self.episodes + 1, 0
        return self.seen(), {}

    def step(self, action: int) -> Any:
        self.t += 1
        return self.seen(), self.paid(), self.t >= 20, False, {}

    def seen(self) -> np.ndarray:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)

    def paid(self) -> float:
        return float(self.episodes)

    def get_state(self) -> dict[str, Any]:
        return {"episodes": self.episodes}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        self.episodes = int(state["episodes"])


class Late(Counting):
    """Nobody notices before the fourth episode."""

    def paid(self) -> float:
        return float(self.episodes > 3)


class Far(Counting):
    """Nobody notices while a specification is checked."""

    def paid(self) -> float:
        return float(self.episodes > 8)


class Fixed(Counting):
    """The first reset decides for ever, as a map that is drawn once."""

    place: Any = None

    def seen(self) -> np.ndarray:
        if self.place is None:
            self.place = super().seen()
        return self.place

    def paid(self) -> float:
        return 1.0


class OwnRandom(Fixed):
    """A generator that no reset seeds, though it begins with the same number each time."""

    seed: int | None = 3

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(self.seed)

    def seen(self) -> np.ndarray:
        return self.random.uniform(-1, 1, 3).astype(np.float32)


class Unseeded(OwnRandom):
    """A generator that nothing seeds."""

    seed = None


class Shared(Counting):
    """What all environments of a process count together."""

    resets = 0

    def reset(self, **options: Any) -> Any:
        Shared.resets += 1
        return super().reset(**options)

    def paid(self) -> float:
        return float(Shared.resets)


class Ending(Counting):
    """Later episodes end sooner; nothing else tells."""

    def step(self, action: int) -> Any:
        seen, _, _, _, info = super().step(action)
        return seen, 1.0, False, self.t + self.episodes >= 20, info


def _pendulum(wrapped: Any) -> Any:
    return lambda **kwargs: wrapped(gymnasium.make("Pendulum-v1", **kwargs))


def _register(env_id: str, entry_point: Any) -> None:
    gymnasium.register(env_id, entry_point=entry_point, max_episode_steps=200)


for env_id, kind in (
    (COUNTING, Counting),
    (LATE, Late),
    (FAR, Far),
    (FIXED, Fixed),
    (OWN_RANDOM, OwnRandom),
    (UNSEEDED, Unseeded),
    (SHARED, Shared),
    (ENDING, Ending),
    (SCALED, _pendulum(NormalizeReward)),
    (SEEN, _pendulum(NormalizeObservation)),
    (CLIPPED, _pendulum(lambda env: TransformReward(ClipReward(env, -1, 0), lambda r: 5 * r))),
):
    _register(env_id, kind)
