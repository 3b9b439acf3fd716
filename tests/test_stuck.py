"""Advice in the reports of real runs: of one that does not learn, and of one that does."""

import json
import tomllib

import pytest

from faastraingym.schemas import keys
from tests.checkout import CHECKOUT
from tests.test_loop import Platform, train

MOUNTAIN = {  # all else is PPO's defaults
    "environment": {"id": "MountainCar-v0"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 16_384},
}
CARTPOLE = tomllib.loads((CHECKOUT / "examples" / "cartpole.toml").read_text())
PENDULUM = tomllib.loads((CHECKOUT / "examples" / "pendulum.toml").read_text())


async def report(spec: dict) -> dict:
    platform = await train(Platform(), spec)
    found: dict = json.loads(platform.objects.data[keys.report("demo")])
    return found


async def test_mountain_car_by_defaults_does_not_learn_and_is_told() -> None:
    told = await report(MOUNTAIN)
    assert told["reason"] == "budget"
    assert told["advice"][0] == (
        "the return has not risen over 8,192 of 16,384 steps (mean -200.0); docs/stuck.md says "
        "what usually helps"
    )
    assert [sentence.split(":")[0] for sentence in told["advice"][1:]] == [
        'try [[reward]] kind = "potential"',
        "try --set algorithm.normalize_observations=true",
        "try --set algorithm.ent_coef=0.01",
    ]


@pytest.mark.parametrize("target", [None, 495.0], ids=["no target", "a target"])
async def test_cart_pole_learns_and_is_told_nothing(target: float | None) -> None:
    told = await report({**CARTPOLE, "stop": {"env_steps": 8_000, "target": target}})
    assert told["advice"] == []


async def test_a_gaussian_policy_is_advised_as_one() -> None:
    """For so short a time Pendulum cannot learn."""
    spec = {**PENDULUM, "stop": {"env_steps": 16_000}, "reward": []}
    algorithm = {**PENDULUM["algorithm"], "normalize_observations": False, "learning_rate": 1e-6}
    told = await report({**spec, "algorithm": algorithm})
    assert any('kind = "normalize"' in sentence for sentence in told["advice"])
    assert not any("ent_coef" in sentence for sentence in told["advice"])
