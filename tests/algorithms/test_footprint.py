"""What will not fit into a function's memory is refused before a run starts; what fits is not."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms import footprint
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.limits import Limits
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MIB = 1 << 20
STACK = Limits(512 * MIB, 2048 * MIB)  # of stack.yml
ROOT = Path(__file__).parents[2]
CAR = SpaceInfo(96 * 96 * 3, True, 3, bytes_shape=(96, 96, 3))  # CarRacing-v3, which needs Box2D


class Images(gymnasium.Env):
    """Shows what a camera does."""

    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, shape: tuple[int, ...], high: float = 255, dtype: str = "uint8") -> None:
        kind: Any = np.dtype(dtype).type
        self.observation_space = gymnasium.spaces.Box(0, high, tuple(shape), kind)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.np_random.integers(0, 2, self.observation_space.shape, np.uint8), {}

    def step(self, action: int) -> Any:
        return np.zeros(self.observation_space.shape, np.uint8), 1.0, False, False, {}


@pytest.fixture(autouse=True)
def images() -> Any:
    gymnasium.register("Images-v0", entry_point=Images, max_episode_steps=100)
    yield
    del gymnasium.registry["Images-v0"]


def of_images(make_spec: Make, shape: tuple[int, ...], **tables: Any) -> RunSpec:
    return make_spec(environment={"id": "Images-v0", "kwargs": {"shape": list(shape)}}, **tables)


def test_car_racing_with_defaults_is_refused() -> None:
    """113 MB of a trajectory took 745 MB of memory."""
    stop, algorithm = {"env_steps": 2048}, {"name": "ppo"}
    spec = parse({"environment": {"id": "CarRacing-v3"}, "algorithm": algorithm, "stop": stop})
    (problem,) = footprint.problems(spec, CAR, STACK)
    assert problem.startswith(
        "spec.rollout.num_steps: found 128, so a rollout of 128 steps x 8 environments x 27648 "
        "observation elements needs about 725 MiB of memory, and the function rollout may have "
        "512 MiB; lower rollout.num_steps or environment.num_envs"
    )
    assert problem.endswith("or deploy it with FTG_ROLLOUT_MEMORY=896Mi")
    assert list(footprint.problems(spec, CAR, STACK._replace(rollout=896 * MIB))) == []
    assert list(footprint.problems(spec, CAR, Limits())) == []


def test_an_update_is_held_to_the_learners_limit(make_spec: Make) -> None:
    """More rollouts than it can hold at once, or networks that are too large."""
    many = make_spec("CartPole-v1", rollout={"count": 60, "num_steps": 4096})
    wide = of_images(
        make_spec, (96, 96, 3), rollout={"num_steps": 2}, algorithm={"hidden_sizes": [1024]}
    )
    for spec, limit in ((many, 1024), (wide, 2048)):
        (problem,) = spaces.check(spec, Limits(512 * MIB, limit * MIB))
        assert "an update needs about" in problem
        assert f"the function update-policy may have {limit} MiB" in problem
        assert "FTG_LEARNER_MEMORY=" in problem


@pytest.mark.parametrize(
    ("batch", "window", "peak"), [(32, 192, 1067), (96, 192, 1047), (192, 384, 1136)]
)
def test_updates_of_sac_with_convolutions_are_estimated_by_their_peaks(
    batch: int, window: int, peak: int
) -> None:
    """Peaks in MB of `update-policy` with Nature's encoder, of 4x84x84 bytes and 2 actions."""
    spec = parse(
        {
            "environment": {"id": "Seen-v0", "num_envs": 2},
            "rollout": {"num_steps": 16, "count": 2},
            "stop": {"env_steps": 4000},
            "algorithm": {
                "name": "sac",
                "capacity": window,
                "batch_size": batch,
                "gradient_steps": 2,
                "learning_starts": window // 2,
                "hidden_sizes": [],
                "network": {"images": "nature"},
            },
        }
    )
    shape = (4, 84, 84)
    info = SpaceInfo(
        4 * 84 * 84,
        True,
        2,
        bytes_shape=shape,
        observation_shape=shape,
        observation_dtype="|u1",
    )
    assert peak <= footprint.update(spec, info) / footprint.MB <= 1.13 * peak


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.toml")), ids=lambda f: f.stem)
def test_no_example_is_refused(file: Path) -> None:
    spec = parse(tomllib.loads(file.read_text()))
    info = SpaceInfo(8, False, 4)  # as large as any of them
    assert list(footprint.problems(spec, info, STACK)) == []


ROLLOUTS = """
import asyncio, sys
from pathlib import Path
import gymnasium, numpy as np
from tests.algorithms.test_footprint import Images, OnDisk
from tests.fakes import InMemoryFactLog, InMemoryObjectStore
from faastraingym.adapters.stage import manifests
from faastraingym.adapters.stage.payloads import dump
from faastraingym.events.ports import Services
from faastraingym.functions.rollout import handler
from faastraingym.schemas.messages import CollectRollout
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.references import PolicyRef
from faastraingym.algorithms.registry import parse

def peak_mb():  # of this program: ru_maxrss would begin with that of the one that started it
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6

async def main():
    gymnasium.register("Images-v0", entry_point=Images, max_episode_steps=1000)
    spec = parse({"environment": {"id": "Images-v0", "num_envs": 8,
                                  "kwargs": {"shape": [1000], "dtype": "float32"}},
                  "rollout": {"num_steps": 500}, "stop": {"env_steps": 1},
                  "algorithm": {"name": "ppo", "hidden_sizes": [], "num_minibatches": 1}})
    store = InMemoryObjectStore()
    store.data = OnDisk(Path(sys.argv[1]))
    head = {"policy/head/kernel": np.zeros((1000, 2), "f4"), "policy/head/bias": np.zeros(2, "f4")}
    policy = await store.put("policy", dump(Policy(version=0, parameters=head)))
    manifest = await store.put("manifest", manifests.dump("demo", spec))
    previous, before = None, peak_mb()
    for version in range(2):
        under = PolicyRef(version=version, policy=policy, learner=policy, env_steps=0)
        command = CollectRollout(run="demo", manifest=manifest, policy=under, index=0,
                                 previous=previous)
        (said,) = await handler.handle.handler(command, Services(InMemoryFactLog(), store, store))
        previous = said.trajectory
    print(peak_mb() - before)

asyncio.run(main())
"""


class OnDisk(dict[str, bytes]):
    """Objects that take no memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __setitem__(self, key: str, data: bytes) -> None:
        super().__setitem__(key, b"")
        (self.folder / key.replace("/", "-")).write_bytes(data)

    def __getitem__(self, key: str) -> bytes:
        return (self.folder / key.replace("/", "-")).read_bytes()

    def setdefault(self, key: str, data: bytes = b"") -> bytes:
        if key not in self:
            self[key] = data
        return self[key]


def test_an_estimate_is_what_a_rollout_takes(make_spec: Make, tmp_path: Path) -> None:
    """The function itself, in a process of its own: a trajectory of 16 MB, without a cache."""
    told = subprocess.run(
        [sys.executable, "-c", ROLLOUTS, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "1048576"},  # as in stack.yml
        capture_output=True,
        text=True,
        check=True,
    )
    spec = make_spec(
        environment={"num_envs": 8}, rollout={"num_steps": 500}, algorithm={"hidden_sizes": []}
    )
    info = SpaceInfo(1000, False, 2)
    estimated = footprint.rollout(spec, info) / footprint.MB
    estimated -= footprint.ROLLOUT_MB + footprint.CACHE_MB
    assert 0.7 < estimated / float(told.stdout) < 1.15


def test_pixels_are_spoken_of(make_spec: Make) -> None:
    """By their shape and number, with the wrappers that help; where they are refused, too."""
    (advice,) = spaces.advice(of_images(make_spec, (96, 96, 3)))
    assert advice.startswith(
        "Images-v0 shows 96x96x3, which an MLP reads as 27648 numbers of 0 to 255, not scaled"
    )
    for wrapper in ("GrayscaleObservation", "ResizeObservation", "FrameStackObservation"):
        assert wrapper in advice
    (problem,) = spaces.check(of_images(make_spec, (210, 160, 3)))
    assert problem.startswith(
        "spec.environment.id: found observations of size 100800; allowed: at most 65536; "
        "Images-v0 shows 210x160x3, which an MLP reads as 100800 numbers of 0 to 255, not scaled"
    )
    (problem,) = spaces.check(of_images(make_spec, (96, 96, 3)), Limits(rollout=64 * MIB))
    assert "shows 96x96x3" in problem
    assert spaces.advice(of_images(make_spec, (128,)))[0].startswith("Images-v0 shows 128, which")


def test_what_is_scaled_needs_no_advice(make_spec: Make) -> None:
    normalized = of_images(
        make_spec, (9, 9, 3), algorithm={"normalize_observations": True}, rollout={"num_steps": 2}
    )
    assert spaces.advice(normalized) == []
    binary = {"id": "Images-v0", "kwargs": {"shape": [4], "high": 1}}
    assert spaces.advice(make_spec(environment=binary)) == []
    assert spaces.advice(make_spec("CartPole-v1")) == []
    assert spaces.check(of_images(make_spec, (9, 9, 3)), STACK) == []


def test_whole_episodes_of_a_recurrent_policy_are_padded_within_memory(make_spec: Make) -> None:
    """Gradients go back over the longest that there may be; without a cell nothing is refused."""
    tables: dict[str, Any] = {
        "environment": {"num_envs": 16, "kwargs": {"max_episode_steps": 60_000}},
        "rollout": {"horizon": "episodes"},
    }
    spec = make_spec(algorithm={"recurrent": {"size": 64}}, **tables)
    (problem,) = spaces.check(spec, STACK)
    assert problem.startswith(
        "spec.rollout.num_episodes: found 1 of 60000 steps at most, so 1 rollouts of 65536 padded "
        "steps x 16 environments, and an update needs about "
    )
    assert "the function update-policy may have 2048 MiB; lower it" in problem
    assert problem.rpartition(" ")[2].startswith("FTG_LEARNER_MEMORY=")
    assert spaces.check(make_spec(**tables), STACK) == []
    tables["environment"]["kwargs"]["max_episode_steps"] = 2000
    assert spaces.check(make_spec(algorithm={"recurrent": {}}, **tables), STACK) == []


def test_a_rollout_on_jax_needs_room_for_jax(make_spec: Make) -> None:
    """332 MiB were measured of CartPole's, beside 49 MiB of Gymnasium's."""
    of_gymnasium, info = make_spec("CartPole-v1"), SpaceInfo(4, False, 2)
    of_gymnax = make_spec("gymnax:CartPole-v1")
    more = footprint.rollout(of_gymnax, info) - footprint.rollout(of_gymnasium, info)
    assert 283 << 20 < more < 340 << 20
    limits = Limits(rollout=256 << 20, learner=0)
    (problem,) = footprint.problems(of_gymnax, info, limits)
    assert "FTG_ROLLOUT_MEMORY=512Mi" in problem
