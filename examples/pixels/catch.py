"""Catch: a ball falls through a field of pixels, and a paddle at the bottom is moved below it.

As in bsuite (Osband et al. 2020, arXiv 1908.03568), with a paddle that begins anywhere. Beside this
file, `catch.toml` has a network of convolutions learn it.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class Catch(gymnasium.Env):
    """1 for a ball that is caught, else -1; an episode is one ball."""

    ROWS, COLUMNS = 9, 7

    def __init__(self) -> None:
        self.observation_space = Box(0, 255, (self.ROWS, self.COLUMNS), np.uint8)
        self.action_space = Discrete(3)  # left, stay, right

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """A ball at the top, a paddle at the bottom, each in any column."""
        super().reset(seed=seed)
        self._row = 0
        self._ball, self._paddle = map(int, self.np_random.integers(self.COLUMNS, size=2))
        return self._seen(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """The paddle moves by a column, and the ball falls by a row."""
        self._paddle = min(max(self._paddle + int(action) - 1, 0), self.COLUMNS - 1)
        self._row += 1
        fell = self._row == self.ROWS - 1
        reward = (1.0 if self._ball == self._paddle else -1.0) if fell else 0.0
        return self._seen(), reward, fell, False, {}

    def _seen(self) -> np.ndarray:
        seen = np.zeros(self.observation_space.shape, np.uint8)
        seen[self._row, self._ball] = seen[-1, self._paddle] = 255
        return seen


gymnasium.register("Catch-v0", entry_point=Catch, max_episode_steps=20)
