"""A reward for CartPole that pays for a pole that stands straight in the middle."""

import numpy as np

from faastraingym.rewards import Batch, Trajectory, function

EDGE, FALLEN = 2.4, 0.2095  # where CartPole ends: metres, radians


@function
def handle(batch: Batch) -> list[np.ndarray]:
    """A reward for each step of each environment, [T, B], of every trajectory."""
    return [rewards(trajectory) for trajectory in batch.trajectories]


def rewards(trajectory: Trajectory) -> np.ndarray:
    """1 in the middle and upright, 0 at an end: of the observation that each step led to."""
    after = trajectory.observations[1:]
    aside, leaning = np.abs(after[..., 0]) / EDGE, np.abs(after[..., 2]) / FALLEN
    return np.clip(1.0 - 0.5 * (aside + leaning), 0.0, 1.0).astype(np.float32)
