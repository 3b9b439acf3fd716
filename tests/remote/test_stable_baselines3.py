"""docs/remote_environments.md's file for Stable-Baselines3, beside its own vector of local ones.

It runs where Stable-Baselines3 is installed, which no part of this repository needs.
"""

import hashlib
from typing import Any

import gymnasium
import pytest

from tests.docs.walk import blocks
from tests.remote.local_server import serving
from tests.remote.making import vector

sb3 = pytest.importorskip("stable_baselines3")


def documented() -> Any:
    """The class that the page writes."""
    (block,) = (b for b in blocks("docs/remote_environments.md") if b.title == "sb3_vector.py")
    names: dict[str, Any] = {}
    exec(compile(block.text, block.title, "exec"), names)  # noqa: S102  what a reader does
    return names["GymnasiumVecEnv"]


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
