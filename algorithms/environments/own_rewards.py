"""The environment's own reward, below the wrappers that change it for the learner's sake."""

from typing import Any, SupportsFloat

import gymnasium
from gymnasium.wrappers import NormalizeReward

CHANGING = (gymnasium.RewardWrapper, NormalizeReward)  # TransformReward, ClipReward among them


class Tap(gymnasium.Wrapper):  # type: ignore[misc]
    """Adds up the rewards that pass through it."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self._passed = 0.0

    def __getattr__(self, name: str) -> Any:
        """Outer wrappers may read attributes of the inner environment."""
        if name == "env":  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self.env, name)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """The environment's step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._passed += float(reward)
        return observation, reward, terminated, truncated, info

    def take(self) -> float:
        """The sum since the last call: of one step, or of all that were skipped."""
        passed, self._passed = self._passed, 0.0
        return passed


def tap(environment: gymnasium.Env[Any, Any]) -> Tap | None:
    """A tap below the innermost wrapper that changes rewards; None where none does."""
    layer: Any = environment
    changing = None
    while isinstance(layer, gymnasium.Wrapper):
        changing = layer if isinstance(layer, CHANGING) else changing
        layer = layer.env
    if changing is None:
        return None
    changing.env = found = Tap(changing.env)
    return found
