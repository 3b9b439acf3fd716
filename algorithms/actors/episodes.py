"""Sums over finished episodes, and what counts as an environment step."""

import numpy as np

from faastraingym.schemas.messages import EpisodeSummary
from faastraingym.schemas.payloads import Trajectory


def env_steps(trajectory: Trajectory) -> int:
    """Transitions that count: the reset's pseudo-transitions do not."""
    return int(trajectory.valid.sum())


def summary(returns: np.ndarray, lengths: np.ndarray) -> EpisodeSummary:
    """The summary of finished episodes: returns [E] float64 and lengths [E] int32."""
    if not len(returns):
        return EpisodeSummary()
    return EpisodeSummary(
        episodes=len(returns),
        return_sum=float(returns.sum()),
        return_min=float(returns.min()),
        return_max=float(returns.max()),
        length_sum=int(lengths.sum()),
    )


class Tally:
    """Undiscounted returns and lengths of episodes, over as many rollouts as they take.

    Args:
        returns: [B] float64, of the episodes in progress.
        lengths: [B] int32.
    """

    def __init__(self, returns: np.ndarray, lengths: np.ndarray) -> None:
        self.returns, self.lengths = returns.copy(), lengths.copy()
        self.finished_returns: list[float] = []
        self.finished_lengths: list[int] = []

    def count(self, rewards: np.ndarray, valid: np.ndarray, ended: np.ndarray) -> None:
        """Adds [T, B] transitions one step at a time, so that a split leaves the same bits."""
        any_ended = np.logical_or.reduce(ended, axis=1)
        for t, reward in enumerate(rewards):
            self.returns += reward
            self.lengths += valid[t]
            if any_ended[t]:
                self.finished_returns.extend(self.returns[ended[t]])
                self.finished_lengths.extend(self.lengths[ended[t]])
                self.returns[ended[t]] = 0.0
                self.lengths[ended[t]] = 0
