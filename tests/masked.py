"""An environment whose states allow some of its actions, and that fails on any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from tests.spaces import forget

DISCRETE = Discrete(6, start=2)
CHOICES = MultiDiscrete([3, 2, 4], start=[0, 5, 1])
BITS = MultiBinary(3)
SIZES = {"discrete": (6,), "choices": (3, 2, 4), "bits": (2, 2, 2)}
ACTED: dict[str, Any] = {"discrete": DISCRETE, "choices": CHOICES, "bits": BITS}


class Gates(gymnasium.Env):
    """Shows noise and which choices are open: a seeded half of each element's, one at least.

    A reward is the share of the first open choice among the chosen. An episode ends after `ends`
    steps with a mask that forbids everything, as a full board's.

    Args:
        kind: of actions, of ACTED.
        way: `info`, or the part of the observation that masks are.
        spoilt: of the step `at` (0: the reset): `missing`, `nothing` (all forbidden), `shape`,
            `dtype` or `value`.
        at: see `spoilt`.
        ends: steps of an episode.
    """

    def __init__(
        self,
        kind: str = "discrete",
        way: str = "info",
        spoilt: str = "",
        at: int = -1,
        ends: int = 7,
    ) -> None:
        self.action_space, self.sizes = ACTED[kind], SIZES[kind]
        self.way, self.spoilt, self.at, self.ends = way, spoilt, at, ends
        size, seen = sum(self.sizes), Box(-np.inf, np.inf, (sum(self.sizes) + 1,), np.float32)
        self.observation_space = (
            seen if way == "info" else Dict({"seen": seen, way: Box(0, 1, (size,), np.int8)})
        )
        self.starts = getattr(self.action_space, "start", 0)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps = 0
        return self._shown(is_over=False)

    def step(self, action: Any) -> Any:
        flat = np.ravel(action - self.starts)
        firsts = 0.0
        for chosen, mask in zip(flat, self._elements(), strict=True):
            assert mask[chosen], f"{action} is not valid: {self.mask}"
            firsts += chosen == np.flatnonzero(mask)[0]
        self.steps += 1
        is_over = self.steps == self.ends
        observation, info = self._shown(is_over)
        return observation, firsts / len(self.sizes), is_over, False, info

    def _elements(self) -> list[np.ndarray]:
        return np.split(self.mask, np.cumsum(self.sizes)[:-1])

    def _shown(self, is_over: bool) -> Any:
        self.mask = self.np_random.integers(0, 2, sum(self.sizes), np.int8)
        for mask in self._elements():  # views
            mask[self.np_random.integers(len(mask))] = 1
        if is_over:
            self.mask = np.zeros_like(self.mask)
        noise = self.np_random.normal()
        seen = np.array([*self.mask, noise], np.float32)
        mask: Any = self.mask.copy()
        if self.steps == self.at:
            mask = {
                "missing": None,
                "nothing": np.zeros_like(mask),
                "shape": mask[:-1],
                "dtype": "all",
                "value": mask + 2,
            }[self.spoilt]
        if self.way != "info":
            return {"seen": seen, self.way: mask}, {}
        return seen, {} if mask is None else {"action_mask": mask}


@contextmanager
def registered(limit: int = 50) -> Iterator[str]:
    """The id under which Gymnasium has it."""
    gymnasium.register("Gates-v0", entry_point=Gates, max_episode_steps=limit)
    forget()
    yield "Gates-v0"
    del gymnasium.registry["Gates-v0"]
    forget()
