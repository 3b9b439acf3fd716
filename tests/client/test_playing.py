"""A policy plays, to be measured and to be watched."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import imageio_ffmpeg
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit
from msgspec import structs
from PIL import Image

from faastraingym import BadInput, evaluate, record_video
from faastraingym.client import playing
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import NOW, RUN, SPEC

VILLAGE = """
import gymnasium
import numpy as np

class Village(gymnasium.Env):
    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action):
        self.steps += 1
        return 0, 2.0, self.steps == 3, False, {}

    def render(self):
        return np.full((8, 8, 3), 50 * self.steps, np.uint8)

gymnasium.register("Village-v0", entry_point=Village)
"""


class Left:
    """Always the first action; counts the calls in its state."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: Any = 1
    ) -> tuple[Any, Any]:
        assert episode_start.shape == (1,)
        assert (state is None) is bool(episode_start[0])
        return 0, (state or 0) + 1


class Painted(gymnasium.Env[Any, Any]):
    """Two steps; the reward is the number of the episode."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    render_mode = "rgb_array"
    episode = 0
    closed = False

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.seeds = [*getattr(self, "seeds", []), seed]
        self.episode, self.steps = self.episode + 1, 0
        return 0, {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        return 1, float(self.episode), False, self.steps == 2, {}

    def render(self) -> Any:
        return np.full((20, 30, 3), 60 * self.steps + self.episode, np.uint8)

    def close(self) -> None:
        self.closed = True


class Unpainted(Painted):
    """Without a `render` of its own."""

    render = gymnasium.Env.render


class Unready(Painted):
    """Its `__init__` knows no render_mode."""

    def __init__(self) -> None:
        pass


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A file with a class and with an id that it registers, in a folder that is not Python's."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "village.py").write_text(VILLAGE)
    yield f"{tmp_path}/code/village.py"
    sys.modules.pop("village", None)
    gymnasium.registry.pop("Village-v0", None)


def test_an_environment_is_named_as_train_takes_it(village: str, tmp_path: Path) -> None:
    """By its file, an id that the file registers, its module, its class."""
    for named in (f"{village}:Village", f"{village}:Village-v0", "village:Village"):
        assert evaluate(Left(), named, episodes=2).lengths.tolist() == [3, 3], named
    kind = sys.modules["village"].Village
    assert evaluate(Left(), kind, episodes=1).mean == 6.0
    with Image.open(record_video(Left(), kind, tmp_path / "a.gif")) as picture:
        assert picture.size == (8, 8)


def test_another_module_of_the_same_name_is_not_taken_for_it(village: str, tmp_path: Path) -> None:
    evaluate(Left(), f"{village}:Village", episodes=1)
    (tmp_path / "village.py").write_text(VILLAGE.replace("2.0", "9.0"))
    with pytest.raises(BadInput, match=r"has the module village of .*; restart Python"):
        evaluate(Left(), f"{tmp_path}/village.py:Village")


def test_returns_are_sums_and_episodes_follow_one_seed() -> None:
    env = Painted()
    found = evaluate(Left(), env, episodes=3, seed=9)
    assert found.returns.tolist() == [2.0, 4.0, 6.0]
    assert found.lengths.tolist() == [2, 2, 2]
    assert (found.mean, round(found.std, 3)) == (4.0, 1.633)
    assert repr(found) == "<Evaluation 4.00 ± 1.63 over 3 episodes>"
    assert (env.seeds, env.closed) == ([9, None, None], False)


def test_an_id_is_made_and_equal_seeds_play_equally() -> None:
    one, other = (evaluate(Left(), "CartPole-v1", episodes=4, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.returns, other.returns)
    assert len(set(evaluate(Left(), "CartPole-v1", episodes=9).returns)) > 1
    with pytest.raises(BadInput, match=r"CartPol-v1 cannot be built: .*name a registered id"):
        evaluate(Left(), "CartPol-v1")
    with pytest.raises(BadInput, match="episodes: found 0; allowed: a whole number, 1 or more"):
        evaluate(Left(), "CartPole-v1", episodes=0)


@pytest.mark.parametrize(
    ("env", "words"),
    [
        (dict, "dict: does not derive from gymnasium.Env"),
        (None, "env: found None; allowed: an?"),
        ("no_such_file.py:Env", "no_such_file.py:Env: names no environment in a file that exists"),
        ("json:Env", "json registers no id 'Env' and has no class"),
        ("no_such_module:Env", "the module no_such_module could not be imported"),
        (Unready, "give its __init__ a parameter render_mode"),
    ],
)
def test_what_is_no_environment_is_refused(env: Any, words: str, tmp_path: Path) -> None:
    if env is not Unready:  # which can be played, but not drawn
        with pytest.raises(BadInput, match=words):
            evaluate(Left(), env)
    with pytest.raises(BadInput, match=words):
        record_video(Left(), env, tmp_path / "a.gif")


def test_a_gif_has_a_frame_for_each_step(tmp_path: Path) -> None:
    file = record_video(Left(), Painted(), tmp_path / "a.gif", episodes=2)
    with Image.open(file) as picture:
        assert (picture.n_frames, picture.size) == (4, (30, 20))
        assert picture.info["duration"] == 100  # ms, of 10 frames a second


def test_an_environment_by_its_id_is_drawn(tmp_path: Path) -> None:
    with Image.open(record_video(Left(), "CartPole-v1", tmp_path / "a.gif")) as picture:
        assert picture.size == (600, 400)
        assert 5 < picture.n_frames < 12  # as long as a pole stays up that is pushed aside


def test_an_mp4_is_a_video(tmp_path: Path) -> None:
    file = record_video(Left(), Painted(), tmp_path / "a.mp4")
    assert imageio_ffmpeg.count_frames_and_secs(str(file)) == (2, 0.2)


@pytest.mark.parametrize("path", ["a.avi", "no/such/a.gif"])
def test_where_no_video_can_be_written(path: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=path):
        record_video(Left(), Painted(), tmp_path / path)


def test_an_environment_without_pictures_is_refused(tmp_path: Path) -> None:
    for env in (gymnasium.make("CartPole-v1"), Unpainted()):
        with pytest.raises(BadInput, match="draws no pictures"):
            record_video(Left(), env, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


ENDLESS = """
import gymnasium
import numpy as np

class Endless(gymnasium.Env):
    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None, reward=1.0):
        self.render_mode, self.reward = render_mode, reward

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action):
        self.steps += 1
        return 0, self.reward, False, False, {}

    def render(self):
        return np.full((8, 8, 3), 20 * self.steps, np.uint8)
"""


class Trained(Left):
    """A policy of a run, which knows its environment."""

    def __init__(self, env_id: str, *wrappers: Any, **kwargs: Any) -> None:
        history = fold([Recorded(1, NOW, RunRequested(run=RUN, spec=SPEC))])
        environment = {"id": env_id, "kwargs": kwargs, "wrappers": wrappers}
        spec = {**SPEC, "environment": environment}
        self.report = structs.replace(build(RUN, history, [], NOW), spec=spec)


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A class whose episodes have no end of their own."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "endless.py").write_text(ENDLESS)
    yield f"{tmp_path}/endless.py:Endless"
    sys.modules.pop("endless", None)


def test_the_run_s_arguments_are_those_of_its_environment(endless: str, tmp_path: Path) -> None:
    """Its limit of steps with them: by the file, the module, and the class."""
    policy = Trained("endless:Endless", max_episode_steps=7, reward=2.0)
    for named in (endless, "endless:Endless"):
        found = evaluate(policy, named, episodes=2)
        assert (found.lengths.tolist(), found.mean) == ([7, 7], 14.0)
    kind = sys.modules["endless"].Endless
    assert evaluate(policy, kind, episodes=1).returns.tolist() == [14.0]
    with Image.open(record_video(policy, endless, tmp_path / "a.gif")) as picture:
        assert picture.n_frames == 7  # type: ignore[attr-defined]


def test_the_run_s_limit_is_that_of_another_without_one(endless: str) -> None:
    """Of its arguments, or with which it is registered; other arguments are not handed on."""
    limited = (Trained("other:Other", max_episode_steps=5, length=3), Trained("CartPole-v1"))
    for policy, steps in zip(limited, (5, 500), strict=True):
        found = evaluate(policy, endless, episodes=1)
        assert (found.lengths.tolist(), found.mean) == ([steps], float(steps))
    env = sys.modules["endless"].Endless()
    assert evaluate(limited[0], env, episodes=1).lengths.tolist() == [5]
    assert env.steps == 5


def test_the_run_s_wrappers_are_those_of_its_environment(endless: str) -> None:
    limit = {"name": "TimeLimit", "kwargs": {"max_episode_steps": 6}}
    scaled = {"name": "ClipReward", "kwargs": {"max_reward": 0.5}}
    same, other = (Trained(env_id, limit, scaled) for env_id in ("endless:Endless", "other:Other"))
    assert evaluate(same, endless, episodes=1).returns.tolist() == [3.0]
    assert evaluate(other, endless, episodes=1).returns.tolist() == [6.0]


def test_a_limit_of_its_own_stays(endless: str) -> None:
    policy = Trained("other:Other", max_episode_steps=5)
    evaluate(policy, endless, episodes=1)
    env = TimeLimit(sys.modules["endless"].Endless(), 9)
    assert evaluate(policy, env, episodes=1).lengths.tolist() == [9]
    assert evaluate(Left(), Painted(), episodes=1).lengths.tolist() == [2]


def test_an_episode_without_any_limit_is_refused_when_it_does_not_end(
    endless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "MAX_STEPS", 50)
    with pytest.raises(BadInput, match=r"an episode did not end in 50 steps; give it a limit, as"):
        evaluate(Left(), endless)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("reset", "could not be reset: ZeroDivisionError: division by zero .*test_playing.py, li"),
        ("step", "could not be stepped: ZeroDivisionError: division by zero .*; correct it, or"),
        ("render", "could not be drawn: ZeroDivisionError"),
    ],
)
def test_what_an_environment_raises_is_told_in_one_sentence(
    method: str, words: str, tmp_path: Path
) -> None:
    def raising(self: Any, *_: Any, **__: Any) -> Any:
        return 1 / 0

    kind = type("Raising", (Painted,), {method: raising})
    with pytest.raises(BadInput, match=words) as refusal:
        record_video(Left(), kind(), tmp_path / "a.gif")
    cause = refusal.value.__cause__  # has the lines of the environment's file
    assert cause is not None
    assert isinstance(cause.__cause__, ZeroDivisionError)
