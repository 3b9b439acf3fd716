"""The table of known environments: what it says of them, and several of them by attribute."""

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms import seeding
from faastraingym.algorithms.environments import snapshots

KNOWN = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1", "MountainCarContinuous-v0")


@pytest.mark.parametrize("env_id", KNOWN)
def test_only_resets_draw(env_id: str) -> None:
    """So the generator's state need not be read after each step."""
    environment = gymnasium.make(env_id, disable_env_checker=True)
    assert snapshots.supports(environment)
    environment.reset(seed=1)
    environment.action_space.seed(1)
    before = seeding.pack_generator(environment.unwrapped.np_random)
    for _ in range(50):
        environment.step(environment.action_space.sample())
    assert seeding.pack_generator(environment.unwrapped.np_random) == before
    environment.reset()
    assert seeding.pack_generator(environment.unwrapped.np_random) != before


@pytest.mark.parametrize("env_id", KNOWN)
@pytest.mark.parametrize("steps", [(3, 3, 3), (0, 1, 2)], ids=["alike", "at different steps"])
def test_columns_are_what_is_taken_of_each(env_id: str, steps: tuple[int, ...]) -> None:
    several = [gymnasium.make(env_id, disable_env_checker=True) for _ in steps]
    for seed, (environment, count) in enumerate(zip(several, steps, strict=True)):
        environment.reset(seed=seed)
        environment.action_space.seed(seed)
        for _ in range(count):
            environment.step(environment.action_space.sample())
    columns = snapshots.columns([snapshots.attributes(one) for one in several])
    for i, environment in enumerate(several):
        taken = snapshots.take(environment)
        assert list(columns) == list(taken)
        for name, value in taken.items():
            found = np.asarray(columns[name][i])
            assert (found.dtype, found.tobytes()) == (value.dtype, value.tobytes())
