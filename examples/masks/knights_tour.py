"""A knight visits the squares of a chess board, each at most once, as many as it can.

Of a knight's eight moves half or more lead off the board or to a square that it has visited.
`info["action_mask"]` tells which do not, and a run then plays no others. With `masked = false` it
tells nothing, and a move that is not valid ends the tour.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiBinary

MOVES = np.array([(1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2)])


class KnightsTour(gymnasium.Env):
    """A new square pays 1; where no move is left the tour ends. It begins anywhere."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}

    def __init__(self, size: int = 5, masked: bool = True, render_mode: str | None = None) -> None:
        self.size, self.masked, self.render_mode = size, masked, render_mode
        self.observation_space = MultiBinary(2 * size * size)  # visited squares, and where it is
        self.action_space = Discrete(len(MOVES))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin anywhere but where no move is valid."""
        super().reset(seed=seed)
        while True:
            self._at = self.np_random.integers(self.size, size=2)
            self._visited = np.zeros((self.size, self.size), np.int8)
            self._visited[tuple(self._at)] = 1
            if self._valid().any():
                return self._seen(), self._info()

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move."""
        if not self._valid()[action]:
            return self._seen(), 0.0, True, False, self._info()
        self._at = self._at + MOVES[action]
        self._visited[tuple(self._at)] = 1
        return self._seen(), 1.0, not self._valid().any(), False, self._info()

    def render(self) -> np.ndarray:
        """A picture, [height, width, 3] uint8: visited squares are grey, the knight's is black."""
        shades = 255 - 100 * self._visited.astype(np.uint8)
        shades[tuple(self._at)] = 0
        picture: np.ndarray = np.kron(shades, np.ones((24, 24), np.uint8))
        return np.repeat(picture[..., None], 3, axis=2)

    def _valid(self) -> np.ndarray:
        """Which of the moves lead to a square of the board that was not visited, [8] int8."""
        ends = self._at + MOVES
        inside = ((ends >= 0) & (ends < self.size)).all(axis=1)
        there = np.clip(ends, 0, self.size - 1)
        return (inside & (self._visited[there[:, 0], there[:, 1]] == 0)).astype(np.int8)

    def _seen(self) -> np.ndarray:
        where = np.zeros_like(self._visited)
        where[tuple(self._at)] = 1
        return np.concatenate([self._visited.ravel(), where.ravel()])

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._valid()} if self.masked else {}


gymnasium.register("KnightsTour-v0", entry_point=KnightsTour, max_episode_steps=64)
