from collections.abc import Callable

import numpy as np

from faastraingym.algorithms.actor_critic.batches import assemble
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.payloads import Trajectory

MakeTrajectory = Callable[..., Trajectory]
INFO = SpaceInfo(1, continuous=False, action_size=2, observation_shape=(1,))


def test_batches_are_in_index_order(make_trajectory: MakeTrajectory) -> None:
    """Whatever order they arrived in; transformed rewards move with their trajectory."""
    late, early = make_trajectory(index=1), make_trajectory(index=0)
    rewards = [np.array([[1.0], [1.0]]), np.array([[0.0], [0.0]])]
    found = assemble([late, early], rewards, pad=False, info=INFO)
    assert found.rewards.tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert found.observations.shape == (3, 2, 1)


def test_whole_episodes_are_padded_to_a_power_of_two(make_trajectory: MakeTrajectory) -> None:
    """3 and 5 steps become 8, and nothing that was added counts."""
    parts = [make_trajectory(index=i, rewards=[1.0] * n) for i, n in enumerate((3, 5))]
    found = assemble(parts, None, pad=True, info=INFO)
    assert found.rewards.shape == (8, 2)
    assert found.observations.shape == (9, 2, 1)
    assert found.valid.sum(axis=0).tolist() == [3, 5]
    assert not found.rewards[~found.valid].any()
