"""An environment on JAX in the caller's own process."""

from importlib.util import find_spec

import pytest

from faastraingym.client import episodes, opening, training_environment
from faastraingym.client.errors import BadInput
from faastraingym.schemas.specification import EnvironmentSpec

if find_spec("gymnax") is None:  # its own import asks for seaborn, ours does not
    pytest.skip("the extra `jaxenvs`", allow_module_level=True)
ENV = "gymnax:Pendulum-v1"


def test_it_is_played_as_gymnasium_s_are() -> None:
    """The same seed, the same episode; its limit of steps truncates it."""
    trained = EnvironmentSpec(id=ENV, kwargs={"max_episode_steps": 7})
    with (
        opening.opened(ENV, trained=trained) as env,
        training_environment.build(trained, None) as again,
    ):
        assert episodes.limited(env, trained) is env
        assert env.reset(seed=3)[0].tolist() == again.reset(seed=3)[0].tolist()
        for t in range(7):
            action = env.action_space.high
            seen, reward, terminated, truncated, _ = env.step(action)
            assert env.observation_space.contains(seen)
            assert again.step(action)[1] == reward < 0
            assert (terminated, truncated) == (False, t == 6)


def test_it_is_not_drawn() -> None:
    with pytest.raises(BadInput, match="gymnax:Pendulum-v1 runs on JAX, where nothing draws it"):
        training_environment.build(EnvironmentSpec(id=ENV), "rgb_array")
    with pytest.raises(BadInput, match="nothing draws it; "):
        opening.built(ENV, "rgb_array")


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(BadInput, match="did you mean 'Pendulum-v1'"):
        opening.built("gymnax:Pendulum-v0")
