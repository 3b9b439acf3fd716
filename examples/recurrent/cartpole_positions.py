"""CartPole-v1 without its velocities: where the cart and the pole are, and not how they move.

One observation does not tell which way the pole falls, so a policy that is to balance it has to
remember the ones before.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv


class CartPolePositions(gymnasium.ObservationWrapper):
    """Shows the cart's position and the pole's angle: elements 0 and 2 of four."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CartPoleEnv(**kwargs))
        shown = self.env.observation_space
        self.observation_space = gymnasium.spaces.Box(shown.low[::2], shown.high[::2])

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """[4] float32 -> [2] float32."""
        return observation[::2].copy()


gymnasium.register("CartPolePositions-v0", entry_point=CartPolePositions, max_episode_steps=500)
