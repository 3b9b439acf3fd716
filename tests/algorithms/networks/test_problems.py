"""Networks that cannot be made for an environment are refused before a run starts."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from faastraingym.algorithms import footprint, registry
from faastraingym.algorithms.environments import space_info, spaces
from faastraingym.algorithms.limits import NOT_TOLD, Limits
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import to_dict

SHOWN = {
    "pixels": Box(0, 255, (48, 48, 3), np.uint8),
    "few": Box(0, 255, (7, 7, 3), np.uint8),
    "cube": Box(0, 255, (9, 9, 9), np.uint8),
    "numbers": Box(-1, 1, (4,), np.float32),
    "parts": Dict(camera=Box(0, 255, (48, 48, 3), np.uint8), room=Discrete(3)),
}


class Shown(gymnasium.Env):
    """Shows a sample of one of these spaces."""

    action_space = Discrete(2)

    def __init__(self, what: str) -> None:
        self.observation_space = SHOWN[what]

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(int(self.np_random.integers(1000)))
        return self.observation_space.sample(), {}

    def step(self, action: int) -> Any:
        return self.observation_space.sample(), 1.0, False, False, {}


@pytest.fixture(autouse=True)
def shown() -> Iterator[None]:
    gymnasium.register("Shown-v0", entry_point=Shown, max_episode_steps=5)
    yield
    del gymnasium.registry["Shown-v0"]


def problems(
    what: str, network: dict[str, Any], limits: Limits = NOT_TOLD, **algorithm: Any
) -> list[str]:
    settings = {"name": "ppo", "num_minibatches": 1, "network": network, **algorithm}
    raw = {
        "environment": {"id": "Shown-v0", "kwargs": {"what": what}, "num_envs": 2},
        "algorithm": settings,
        "rollout": {"num_steps": 4},
        "stop": {"env_steps": 100},
    }
    return spaces.check(registry.parse(raw), limits)


AT = "spec.algorithm.network"
PARTS = "allowed: 'camera', 'room', the parts that Shown-v0 shows"
DENSE = "allowed: mlp or flat, for convolutions read 2 to 4 axes of numbers"
SMALLER = "on which a kernel is larger than what it reads"


@pytest.mark.parametrize(
    ("what", "network", "problem"),
    [
        ("parts", {"encoders": [{"part": "lidar", "kind": "mlp"}]},
         f"{AT}.encoders[0].part: found 'lidar'; {PARTS}"),
        ("parts", {"encoders": [{"kind": "nature"}]},
         f"{AT}.encoders[0].part: found none; {PARTS}"),
        ("pixels", {"encoders": [{"part": "camera", "kind": "nature"}]},
         f"{AT}.encoders[0].part: found 'camera'; allowed: none, for the observations of Shown-v0 "
         "have no parts"),
        ("pixels", {"encoders": [{"kind": "nature"}, {"kind": "small"}]},
         f"{AT}.encoders[1].part: found '' a second time; allowed: one encoder each"),
        ("numbers", {"images": "nature"},
         f"{AT}.images: found nature, and Shown-v0 shows no image: numbers of 4; allowed: flat"),
        ("numbers", {"encoders": [{"kind": "small"}]},
         f"{AT}.encoders[0].kind: found small for numbers of 4; {DENSE}"),
        ("parts", {"encoders": [{"part": "room", "kind": "nature"}]},
         f"{AT}.encoders[0].kind: found nature for 'room', choices; {DENSE}"),
        ("few", {"images": "nature"},
         f"{AT}.images: found nature for an image of 7x7, {SMALLER}; allowed: small, mlp or flat, "
         "or at least 36x36"),
        ("pixels", {"encoders": [{"kind": "nature", "channels": "first"}]},
         f"{AT}.encoders[0].kind: found nature for an image of 48x3, {SMALLER}; allowed: small, "
         "mlp or flat, or at least 36x36"),
        ("cube", {"images": "small"},
         f"{AT}.images: found small for an image of 9x9x9, whose shape does not tell its axis of "
         'channels; allowed: an encoder {part = "", kind = "small", channels = "first"}, or '
         '"last"'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(what: str, network: dict[str, Any], problem: str) -> None:
    assert problems(what, network) == [problem]


@pytest.mark.parametrize(
    ("what", "network"),
    [
        ("pixels", {"images": "nature"}),
        ("few", {"images": "small"}),
        ("cube", {"encoders": [{"kind": "small", "channels": "last"}]}),
        ("numbers", {"layer_norm": True, "encoders": [{"kind": "mlp"}]}),
        ("parts", {"images": "nature", "encoders": [{"part": "room", "kind": "mlp"}]}),
        ("parts", {"images": "nature", "encoders": [{"part": "camera", "kind": "flat"}]}),
    ],
)
def test_what_fits_is_not(what: str, network: dict[str, Any]) -> None:
    assert problems(what, network) == []


def test_an_image_is_scaled_or_normalised() -> None:
    (problem,) = problems("pixels", {"images": "nature"}, normalize_observations=True)
    assert problem == (
        "spec.algorithm.normalize_observations: found true, and the network scales the image that "
        "Shown-v0 shows from 0 to 1; allowed: false"
    )
    assert problems("parts", {"images": "nature"}, normalize_observations=True) == []


def test_a_network_beyond_the_learners_memory_is_refused() -> None:
    """33,856 numbers of maps to each of 128 units, and 4096 x 4096 of two networks, take 170 MB."""
    limits = Limits(learner=1000 << 20)
    (problem,) = problems("pixels", {"images": "small"}, limits, hidden_sizes=[4096, 4096])
    assert problem.startswith(
        "spec.algorithm.network: found networks of 165 MiB, so an update needs about 31"
    )
    assert "the function update-policy may have 1000 MiB; allowed: 32 MiB at most: lower" in problem
    assert "algorithm.hidden_sizes or choose smaller encoders (algorithm.network)" in problem
    assert problem.endswith("Mi")
    assert problems("pixels", {"images": "nature"}, limits, hidden_sizes=[]) == []


# (shape, steps of 8 environments, settings): MB at the peak of a process that made three updates,
# Linux, jaxlib 0.10
PEAKS = {
    "four minibatches": ((4, 84, 84), 64, {"images": "nature"}, 4, 849),
    "one": ((4, 84, 84), 64, {"images": "nature"}, 1, 1026),
    "large maps": ((40, 40), 128, {"images": "small"}, 1, 966),
    "separate": ((40, 40), 128, {"images": "small", "trunk": "separate"}, 8, 924),
}


@pytest.mark.parametrize("case", PEAKS)
def test_what_maps_take_is_estimated(case: str) -> None:
    shape, steps, network, minibatches, peak = PEAKS[case]
    settings = {"name": "ppo", "num_minibatches": minibatches, "hidden_sizes": [],
                "network": {"trunk": "shared", **network}}  # fmt: skip
    raw = {
        "environment": {"id": "CartPole-v1", "num_envs": 8},
        "algorithm": settings,
        "rollout": {"num_steps": steps},
        "stop": {"env_steps": 100},
    }
    shown = Box(0, 255, shape, np.uint8)
    info = space_info.of_spaces("Any-v0", shown, Discrete(4), "ppo", ("Discrete",))
    assert 0.97 < footprint.update(registry.parse(raw), info) / 1e6 / peak < 1.05


@pytest.mark.parametrize("name", ["dqn", "sac"])
def test_what_learns_by_replay_has_no_trunk_to_share(name: str) -> None:
    raw = {
        "environment": {"id": "CartPole-v1"},
        "stop": {"env_steps": 9},
        "algorithm": {"name": name, "network": {"trunk": "shared"}},
    }
    with pytest.raises(SpecificationError, match=r"spec\.algorithm\.network\.trunk: unknown key"):
        registry.parse(raw)


@pytest.mark.parametrize("name", ["ppo", "a2c", "impala", "dqn", "sac"])
def test_a_specification_without_a_network_keeps_its_bytes(name: str) -> None:
    raw = {"environment": {"id": "CartPole-v1"}, "stop": {"env_steps": 9}}
    spec = registry.parse({**raw, "algorithm": {"name": name}})
    assert "network" not in to_dict(spec)["algorithm"]
    asked = {"images": "nature", "encoders": [{"kind": "small", "channels": "first"}]}
    spec = registry.parse({**raw, "algorithm": {"name": name, "network": asked}})
    assert registry.parse(to_dict(spec)) == spec
    assert hash(spec.algorithm) == hash(registry.parse(to_dict(spec)).algorithm)
