"""docs/remote_environments.md's file for Stable-Baselines3, beside its own vector of local ones.

It runs where Stable-Baselines3 is installed, which no part of this repository needs: `make sb3`.
"""

import hashlib
from typing import Any

import gymnasium
import pytest

from tests.remote.local_server import serving
from tests.remote.making import vector
from tests.remote.sb3_vector import documented

sb3 = pytest.importorskip("stable_baselines3")


def learnt(envs: Any) -> str:
    """SHA-256 of the parameters that PPO learns there, over many ends of episodes."""
    model = sb3.PPO("MlpPolicy", envs, n_steps=64, batch_size=64, n_epochs=2, seed=1, device="cpu")
    model.learn(1024)
    envs.close()
    sha = hashlib.sha256()
    for name, parameter in sorted(model.policy.state_dict().items()):
        sha.update(name.encode() + parameter.numpy().tobytes())
    return sha.hexdigest()


def test_ppo_learns_the_same_bits_while_answers_are_lost() -> None:
    local = sb3.common.vec_env.DummyVecEnv([lambda: gymnasium.make("CartPole-v1")] * 8)
    wanted = learnt(local)
    with serving(loses=lambda number: number % 10 == 0) as server:
        found = learnt(documented()(vector(server, "CartPole-v1", 8)))
    assert server.asked.count("reset") > 20
    assert found == wanted
