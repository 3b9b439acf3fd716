"""What a learner relies on; `python -m unittest` runs it, and so does pytest."""

import unittest

import gymnasium
import my_env
import numpy as np
from gymnasium.utils.env_checker import check_env


class TestMyEnv(unittest.TestCase):
    """MyEnv, by itself and as it is registered."""

    def test_it_is_an_environment(self) -> None:
        """Spaces, dtypes, seeds and the order of calls are as Gymnasium wants them."""
        check_env(gymnasium.make("MyEnv-v0").unwrapped)

    def test_a_step_moves_and_costs_the_distance(self) -> None:
        """Right is 2; the reward is minus the distance that is left."""
        env = my_env.MyEnv()
        (before, goal), _ = env.reset(seed=1)
        (after, _), reward, terminated, truncated, _ = env.step(2)
        np.testing.assert_allclose(after, min(1.0, before + env.STEP), rtol=1e-6)
        np.testing.assert_allclose(reward, -abs(after - goal), rtol=1e-6)
        self.assertEqual((terminated, truncated), (False, False))

    def test_an_episode_ends_after_fifty_steps(self) -> None:
        """By the limit that it is registered with."""
        env = gymnasium.make("MyEnv-v0")
        env.reset(seed=1)
        ends = [env.step(1)[3] for _ in range(50)]
        self.assertEqual(ends, [False] * 49 + [True])
