"""Connect Four of PettingZoo as a game for one: the other player draws one of its valid moves.

Observations have the parts `observation`, the board, and `action_mask`, the columns that are not
full. The games of PettingZoo that take turns (AEC) and have masks can all be played like this.
It needs `pip install 'faastraingym[pettingzoo]'` where the functions run.
"""

from typing import Any

import gymnasium
import numpy as np
import pettingzoo


class ConnectFour(gymnasium.Env):
    """A game won pays 1, a game lost costs 1; who begins is drawn, too."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self._game = pettingzoo.make("aec", "classic/connect_four-v3", render_mode=render_mode)
        self._players = tuple(self._game.possible_agents)
        self.observation_space = self._game.observation_space(self._players[0])
        self.action_space = self._game.action_space(self._players[0])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Begin a game; all chance is `self.np_random`'s, so that runs can be repeated."""
        super().reset(seed=seed)
        self._game.reset(seed=0)  # the game itself draws nothing
        mine = int(self.np_random.integers(2))
        self._me, self._other = self._players[mine], self._players[1 - mine]
        self._answer()
        return self._game.observe(self._me), {}

    def step(self, action: int) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """A move, and the other player's."""
        earned = self._move(int(action)) + self._answer()
        is_over = any(self._game.terminations.values())
        return self._game.observe(self._me), earned, is_over, False, {}

    def render(self) -> np.ndarray:
        """A picture, [height, width, 3] uint8."""
        picture: np.ndarray = self._game.render()
        return picture

    def close(self) -> None:
        """Close the game."""
        self._game.close()

    def _answer(self) -> float:
        """The other player's move, if it is its turn; what that earns me."""
        if any(self._game.terminations.values()) or self._game.agent_selection == self._me:
            return 0.0
        mask = self._game.observe(self._other)["action_mask"]
        return self._move(int(self.np_random.choice(np.flatnonzero(mask))))

    def _move(self, action: int) -> float:
        self._game.step(action)
        return float(self._game.rewards[self._me])


gymnasium.register("ConnectFour-v0", entry_point=ConnectFour, max_episode_steps=42)
