"""Stable-Baselines3's PPO, unmodified, on a stack's environments, whose replicas are killed.

It runs where Stable-Baselines3 is installed, which no part of this repository needs: `make sb3`.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

import faastraingym
from faastraingym.client.client import Client
from tests.remote.sb3_vector import documented
from tests.stack.support import Stack

sb3 = pytest.importorskip("stable_baselines3")
torch = pytest.importorskip("torch")

ENV_ID, NUM_ENVS, STEPS, KILLED_EVERY = "CartPole-v1", 8, 8_192, 256
# As rl-baselines3-zoo has them for CartPole-v1, but for the annealing.
SETTINGS = {
    "n_steps": 32,
    "batch_size": 256,
    "gae_lambda": 0.8,
    "gamma": 0.98,
    "n_epochs": 20,
    "learning_rate": 1e-3,
}


def told(envs: Any, before_step: Callable[[int], None]) -> Any:
    """The same vector; it keeps the digest of all transitions, and the episodes' lengths."""

    class Told(sb3.common.vec_env.VecEnvWrapper):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(envs)
            self.sha, self.steps = hashlib.sha256(), 0
            self.lengths: list[int] = []
            self._going = np.zeros(NUM_ENVS, np.int64)

        def reset(self) -> Any:
            seen = self.venv.reset()
            self.sha.update(seen.tobytes())
            return seen

        def step_async(self, actions: np.ndarray) -> None:
            before_step(self.steps)
            self.steps += 1
            self.sha.update(actions.tobytes())
            self.venv.step_async(actions)

        def step_wait(self) -> Any:
            seen, rewards, done, infos = self.venv.step_wait()
            for part in (seen, rewards, done):
                self.sha.update(part.tobytes())
            self._going += 1
            for i in np.flatnonzero(done):
                self.sha.update(infos[i]["terminal_observation"].tobytes())
                self.sha.update(bytes([infos[i]["TimeLimit.truncated"]]))
                self.lengths.append(int(self._going[i]))
                self._going[i] = 0
            return seen, rewards, done, infos

    return Told()


def learnt(envs: Any) -> tuple[str, str]:
    """The digests of all transitions, and of the parameters that PPO learnt from them."""
    torch.set_num_threads(1)  # small layers gain nothing by two
    model = sb3.PPO("MlpPolicy", envs, seed=1, device="cpu", **SETTINGS)
    model.learn(STEPS)
    parameters = hashlib.sha256()
    for name, parameter in sorted(model.policy.state_dict().items()):
        parameters.update(name.encode() + parameter.numpy().tobytes())
    envs.close()
    return envs.sha.hexdigest(), parameters.hexdigest()


def test_ppo_learns_the_same_bits_while_every_replica_is_killed(battered: Stack) -> None:
    killed: list[int] = []

    def kill(step: int) -> None:
        if step % KILLED_EVERY == KILLED_EVERY // 2:
            killed.extend(battered.replicas("env-step"))
            battered.kill_replicas("env-step")

    client = Client(home=battered.home)
    vector = faastraingym.remote_env(ENV_ID, num_envs=NUM_ENVS, client=client)
    remote = told(documented()(vector), kill)
    here = [lambda: gymnasium.make(ENV_ID)] * NUM_ENVS
    local = told(sb3.common.vec_env.DummyVecEnv(here), lambda _: None)
    found = learnt(remote)
    assert found == learnt(local)
    assert remote.steps == STEPS // NUM_ENVS
    assert len(set(killed)) >= STEPS // NUM_ENVS // KILLED_EVERY
    first, last = np.mean(remote.lengths[:20]), np.mean(remote.lengths[-20:])
    assert last > 3 * first, (first, last)  # and it learns
