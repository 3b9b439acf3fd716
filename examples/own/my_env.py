"""An environment of one's own: a walk along a line to a goal that is elsewhere in each episode.

Change it to your task. A specification names this file and the id that the last line registers:
`my_env.py:MyEnv-v0`.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class MyEnv(gymnasium.Env):
    """Be near the goal: a step costs the distance to it."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    STEP = 0.1

    def __init__(self, render_mode: str | None = None) -> None:
        self.observation_space = Box(-1.0, 1.0, (2,), np.float32)  # where it is, where the goal is
        self.action_space = Discrete(3)  # left, stay, right
        self.render_mode = render_mode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; all chance is `self.np_random`'s, so that runs can be repeated."""
        super().reset(seed=seed)
        self._at, self._goal = self.np_random.uniform(-1.0, 1.0, 2)
        return self._seen(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Walk; the time limit, not this method, ends the episode."""
        self._at = float(np.clip(self._at + (int(action) - 1) * self.STEP, -1.0, 1.0))
        return self._seen(), -abs(self._at - self._goal), False, False, {}

    def render(self) -> np.ndarray:
        """A picture, [height, width, 3] uint8: the goal is green, the walker black."""
        picture = np.full((40, 400, 3), 255, np.uint8)
        for place, colour in ((self._goal, (0, 160, 0)), (self._at, (0, 0, 0))):
            middle = int(200 + place * 190)
            picture[10:30, max(0, middle - 5) : middle + 5] = colour
        return picture

    def _seen(self) -> np.ndarray:
        return np.array([self._at, self._goal], np.float32)


gymnasium.register("MyEnv-v0", entry_point=MyEnv, max_episode_steps=50)
