from collections.abc import Callable

import numpy as np

from faastraingym.algorithms.actors import episodes
from faastraingym.schemas.messages import EpisodeSummary
from faastraingym.schemas.payloads import Trajectory


def test_summary_sums_what_ended() -> None:
    """Count, sum, extremes and lengths of the finished episodes."""
    found = episodes.summary(np.array([3.0, -1.0]), np.array([3, 5], np.int32))
    assert found == EpisodeSummary(
        episodes=2, return_sum=2.0, return_min=-1.0, return_max=3.0, length_sum=8
    )
    assert episodes.summary(np.zeros(0), np.zeros(0, np.int32)) == EpisodeSummary()


def test_resets_are_no_environment_steps(make_trajectory: Callable[..., Trajectory]) -> None:
    """The pseudo-transition of an autoreset does not count."""
    steps = make_trajectory(rewards=[1, 1, 0], valid=[True, True, False])
    assert episodes.env_steps(steps) == 2


def test_tally_goes_on_over_rollouts() -> None:
    """An episode cut by the end of a rollout is counted whole when it ends in the next."""
    first = episodes.Tally(np.zeros(2), np.zeros(2, np.int32))
    valid = np.ones((2, 2), np.bool_)
    first.count(np.array([[1.0, 2.0], [1.0, 2.0]]), valid, np.array([[0, 0], [0, 1]], np.bool_))
    assert (first.finished_returns, first.finished_lengths) == ([4.0], [2])
    second = episodes.Tally(first.returns, first.lengths)
    second.count(np.array([[5.0, 0.0]]), np.array([[True, False]]), np.array([[True, False]]))
    assert (second.finished_returns, second.finished_lengths) == ([7.0], [3])
    assert second.lengths.tolist() == [0, 0]
