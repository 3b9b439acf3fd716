"""Episodes of an evaluation that are played again, before a camera."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.actors.evaluate import play
from faastraingym.algorithms.actors.filming import Camera, draws_pictures
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


class Lamp(gymnasium.Env):
    """Is as bright as its action was, plus a number of its own; `drifts`: others if it is drawn."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 12}
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self, render_mode: str | None = None, drifts: bool = False) -> None:
        self.render_mode, self.drifts = render_mode, drifts

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action: Any) -> Any:
        self.shines = {0: 0, 1: 100, 2: 200}[action]  # no array is a key
        drift = 1.0 if self.drifts and self.render_mode else 0.0
        return self._seen(), self.shines + self.np_random.normal() + drift, False, False, {}

    def render(self) -> np.ndarray:
        return np.full((4, 6, 3), self.shines, np.uint8)

    def _seen(self) -> np.ndarray:
        return self.np_random.normal(size=1).astype(np.float32)


@pytest.fixture(autouse=True)
def lamp() -> Any:
    gymnasium.register("Lamp-v0", entry_point=Lamp, max_episode_steps=6)
    yield
    del gymnasium.registry["Lamp-v0"]


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("env_id", ["Lamp-v0", "CartPole-v1"])
def test_the_first_episodes_are_seen_again(
    make_spec: Make, make_policy: MakePolicy, env_id: str, drawn: bool
) -> None:
    """A picture for each step; what is played again comes to the same return, to the last bit."""
    asked = {"episodes": 5, "record": 2, "stochastic": drawn}
    kwargs = {"max_episode_steps": 30} if env_id == "CartPole-v1" else {}
    spec = make_spec(env_id, evaluation=asked, environment={"kwargs": kwargs})
    evaluation, scripts = play(spec, make_policy(spec, version=3))
    assert [script.episode for script in scripts] == [0, 1]
    for script in scripts:
        camera = Camera(spec.environment, script)
        pictures = [*camera.frames(1000)]
        assert len(pictures) == evaluation.lengths[script.episode] == len(script.actions)
        assert script.earned == evaluation.returns[script.episode]
        assert all(each.dtype == np.uint8 and each.shape[2] == 3 for each in pictures)
        if env_id == "Lamp-v0":
            assert camera.fps == 12
            assert [each.max() for each in pictures] == [100 * a for a in script.actions]


def test_pieces_write_their_own_episodes_scripts(make_spec: Make, make_policy: MakePolicy) -> None:
    spec = make_spec("Lamp-v0", evaluation={"episodes": 5, "record": 4, "workers": 2})
    policy = make_policy(spec)
    parts = [play(spec, policy, piece=piece).scripts for piece in range(2)]
    assert [[script.episode for script in part] for part in parts] == [[0, 1], [2, 3]]
    whole = play(make_spec("Lamp-v0", evaluation={"episodes": 5, "record": 4}), policy).scripts
    assert [s.actions for part in parts for s in part] == [s.actions for s in whole]


def test_a_long_episode_is_drawn_at_its_beginning_alone(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    spec = make_spec("Lamp-v0", evaluation={"episodes": 1, "record": 1})
    (script,) = play(spec, make_policy(spec)).scripts
    assert len([*Camera(spec.environment, script).frames(4)]) == 4


def test_what_comes_to_another_return_is_no_film_of_it(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    drifting = {"kwargs": {"drifts": True}}
    spec = make_spec("Lamp-v0", environment=drifting, evaluation={"episodes": 1, "record": 1})
    (script,) = play(spec, make_policy(spec)).scripts
    with pytest.raises(EnvironmentFailed, match="Lamp-v0, episode 0: played again, the same acti"):
        [*Camera(spec.environment, script).frames(1000)]


def test_an_environment_that_cannot_be_drawn_says_so(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """Corridor takes no render_mode."""
    spec = make_spec("Corridor-v0", evaluation={"episodes": 1, "record": 1})
    (script,) = play(spec, make_policy(spec)).scripts
    with pytest.raises(EnvironmentFailed, match=r"Corridor-v0"):
        [*Camera(spec.environment, script).frames(1000)]


def test_whether_there_will_be_pictures_is_in_the_metadata() -> None:
    assert draws_pictures(Lamp.metadata)
    assert not draws_pictures({"render_modes": ["human"]})
    assert not draws_pictures(None)
