"""Environments for load: one whose episodes begin late, one whose specification is large.

Replicas import this module because FTG_ENVIRONMENTS names it.
"""

import time
from typing import Any

import gymnasium
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

SLOW, PADDED = "tests/SlowCartPole-v0", "tests/PaddedCartPole-v0"


class SlowCartPole(CartPoleEnv):
    """CartPole, whose every episode begins with `seconds` of waiting, which need no processor."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def reset(self, **options: Any) -> Any:
        """As CartPole's, later."""
        time.sleep(self._seconds)
        return super().reset(**options)


class PaddedCartPole(CartPoleEnv):
    """CartPole, with an argument that makes its specification as long as wanted."""

    def __init__(self, padding: list[str]) -> None:
        super().__init__()


gymnasium.register(SLOW, entry_point=SlowCartPole, max_episode_steps=500)
gymnasium.register(PADDED, entry_point=PaddedCartPole, max_episode_steps=500)
