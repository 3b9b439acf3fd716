"""`faastrain play`: an episode of a policy in a file, in a window, or in neither."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faastraingym.adapters import films
from faastraingym.adapters.packages.unpacking import root
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.client.policy import Policy
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import build
from faastraingym.schemas import payloads
from faastraingym.schemas.messages import RunRequested
from tests.cli.conftest import Desk
from tests.client.facts import NOW, RUN, SPEC

BURROW = """
from gymnasium.envs.classic_control import CartPoleEnv
class Burrow(CartPoleEnv):
    pass
"""
LIMIT = ("--set", "environment.kwargs.max_episode_steps=50")


@pytest.fixture
def policy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of CartPole, which always pushes to the left: it falls within some 10 steps."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    spec = registry.parse({**SPEC, "algorithm": {"name": "ppo", "hidden_sizes": [1]}})
    arrays = {
        "policy/layer_0/kernel": np.zeros((4, 1), np.float32),
        "policy/layer_0/bias": np.zeros(1, np.float32),
        "policy/head/kernel": np.zeros((1, 2), np.float32),
        "policy/head/bias": np.array([1.0, 0.0], np.float32),
    }
    requested = {**SPEC, "algorithm": {"name": "ppo", "hidden_sizes": [1]}}
    history = fold([Recorded(1, NOW, RunRequested(run=RUN, spec=requested))])
    report = build(RUN, history, [], NOW)
    Policy(payloads.Policy(version=0, parameters=arrays), report, describe(spec)).save("left.npz")
    return "left.npz"


def test_without_a_display_there_is_a_file(desk: Desk, policy: str) -> None:
    assert desk("play", policy) == 0
    assert desk.out.startswith("an episode of version 0, return ")
    assert desk.out.endswith(", written to left.gif\n")
    with Image.open(desk.folder / "left.gif") as picture:
        frames = picture.n_frames  # type: ignore[attr-defined]
    returned = float(desk.out.split("return ")[1].split(",")[0])
    assert 8 <= frames <= returned <= 12  # a reward for each step; pictures that are alike are one


def test_a_file_and_a_seed_may_be_named(desk: Desk, policy: str) -> None:
    told = []
    for seed in range(5):
        assert desk("play", policy, "--out", f"{seed}.gif", "--seed", f"{seed}", "--json") == 0
        told.append(json.loads(desk.out))
    assert [one["file"] for one in told] == [f"{seed}.gif" for seed in range(5)]
    assert len({one["return"] for one in told}) > 1
    again = (desk.folder / "0.gif").read_bytes()
    desk("play", policy, "--out", "again.gif")
    assert (desk.folder / "again.gif").read_bytes() == again


def test_of_an_episode_that_does_not_end_a_file_has_the_beginning(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The return is that of the frames: CartPole gives 1 for each step."""
    monkeypatch.setattr(films, "MAX_FRAMES", 5)
    assert desk("play", policy, "--json") == 0
    assert json.loads(desk.out) == {"file": "left.gif", "return": 5.0}


def test_with_a_display_there_is_a_window(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")  # a window that nobody sees
    assert desk("play", policy) == 0
    assert desk.out.endswith(", shown in a window\n")
    assert not list(desk.folder.glob("*.gif"))


def test_an_environment_without_a_render_mode_is_told_what_it_lacks(
    desk: Desk, policy: str, recwarn: pytest.WarningsRecorder
) -> None:
    """In one sentence: Gymnasium's own warning of it would be another."""
    (desk.folder / "unpainted.py").write_text(
        "import gymnasium\n\n\nclass Unpainted(gymnasium.Env):\n    def __init__(self):\n"
        "        pass\n\n\ngymnasium.register('Unpainted-v0', entry_point=Unpainted)\n"
    )
    assert desk("play", policy, "--environment", "unpainted.py:Unpainted-v0") == 3
    assert "give its __init__ a parameter render_mode, and the class a method render" in desk.err
    assert len(desk.err.splitlines()) == 1
    assert [str(told.message) for told in recwarn if "render_mode" in str(told.message)] == []


@pytest.mark.parametrize("named", ["burrow.py:Burrow", "./burrow.py:Burrow", "burrow:Burrow"])
def test_a_class_is_named_as_for_train(
    desk: Desk, policy: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    desk.write("burrow.py", BURROW)
    assert desk("play", policy, "--environment", named) == 0, desk.err
    assert desk.out.endswith(", written to left.gif\n")
    sys.modules.pop("burrow")


def test_a_package_that_was_added_is_named_as_for_train(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code is in the store alone; one that nobody added is refused."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(tempfile, "tempdir", str(desk.folder))
    desk.write("burrow.py", BURROW)
    assert desk("env", "add", "burrow.py") == 0, desk.err
    (desk.folder / "burrow.py").unlink()
    assert desk("play", policy, "--environment", "burrow:Burrow") == 0, desk.err
    assert root() in Path(sys.modules.pop("burrow").__file__ or "").parents
    assert desk("play", policy, "--environment", "barrow:Burrow") == 3
    assert "barrow" in desk.err
    assert len(desk.err.splitlines()) == 1


def test_an_environment_of_one_s_own_is_fetched(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither its file nor its package is on this machine."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(tempfile, "tempdir", str(desk.folder))
    desk.facts.objects = desk.objects
    desk.write("burrow.py", BURROW)
    desk.write("spec.json", json.dumps({**SPEC, "environment": {"id": "burrow.py:Burrow"}}))
    assert desk("train", "spec.json", "--run", "mine", "--no-files", *LIMIT) == 0, desk.err
    (desk.folder / "burrow.py").unlink()
    shutil.rmtree(root())
    assert desk("play", "mine") == 0, desk.err
    assert desk.out.endswith(", written to mine.gif\n")
    assert root() in Path(sys.modules.pop("burrow").__file__ or "").parents


SCORED = """
from gymnasium.envs.classic_control import CartPoleEnv
class Burrow(CartPoleEnv):
    def step(self, action):
        seen, _, fell, truncated, info = super().step(action)
        if fell and not {ends}:
            seen, info = super().reset()
        return seen, {reward}, fell and {ends}, truncated, info
"""


def test_a_file_that_was_edited_since_is_played_when_it_is_named(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the run's own; here one step is worth 1 in the run, 100 in the edited file."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(tempfile, "tempdir", str(desk.folder))
    desk.facts.objects = desk.objects
    desk.write("burrow.py", SCORED.format(reward=1.0, ends=True))
    desk.write("spec.json", json.dumps({**SPEC, "environment": {"id": "burrow.py:Burrow"}}))
    assert desk("train", "spec.json", "--run", "mine", "--no-files", *LIMIT) == 0, desk.err
    desk.write("burrow.py", SCORED.format(reward=100.0, ends=True))
    assert desk("play", "mine", "--json") == 0, desk.err
    sys.modules.pop("burrow")
    sys.path[:] = [place for place in sys.path if str(root()) not in place]
    own = json.loads(desk.out)["return"]
    assert 8 <= own <= 50
    assert desk("play", "mine", "--environment", "burrow.py:Burrow", "--json") == 0, desk.err
    sys.modules.pop("burrow")
    assert json.loads(desk.out)["return"] == 100 * own


def test_an_environment_without_a_limit_is_played_with_the_run_s(
    desk: Desk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CartPole's 500 steps: of a pole that is put up again whenever it falls."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    desk.write("burrow.py", SCORED.format(reward=1.0, ends=False))
    assert desk("play", policy, "--environment", "burrow.py:Burrow", "--json") == 0, desk.err
    sys.modules.pop("burrow")
    assert json.loads(desk.out)["return"] == 500.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["left.npz", "--environment", "Nowhere-v0"], "Nowhere-v0 cannot be built: "),
        (
            ["left.npz", "--environment", "MountainCar-v0"],
            "an observation has the shape (2,); CartPole-v1 has (4,)",
        ),
        (["left.npz", "--out", "x.txt"], "x.txt: a video is a .gif or a .mp4 file"),
        (["left.npz", "--out", "no/x.gif"], "there is no folder no"),
        (["right.npz"], "right.npz: cannot be read: No such file or directory"),
        (["nobody"], "there is no run 'nobody'"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_sentence(
    desk: Desk, policy: str, arguments: list[str], words: str
) -> None:
    assert desk("play", *arguments) == 3
    assert words in desk.err
    assert len(desk.err.splitlines()) == 1
    assert [path.name for path in Path().iterdir() if path.suffix == ".gif"] == []
