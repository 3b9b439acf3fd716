"""The peer's process: `python -m benchmarks.peers.stable_baselines3_process solve|speed SEED`."""

# mypy: disable-error-code="import-not-found, misc"
import json
import sys
import time
from collections.abc import Callable

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import (
    BaseCallback,
    EvalCallback,
    StopTrainingOnRewardThreshold,
)
from stable_baselines3.common.env_util import make_vec_env

THREADS = 1  # for networks this small, faster than one per core


def zoo_linear(initial: float) -> Callable[[float], float]:
    """rl-baselines3-zoo's `lin_`: down to 0 at the end of the budget."""
    return lambda progress_remaining: progress_remaining * initial


def solve(seed: int) -> tuple[float, float]:
    """(steps, last mean return). Settings of rl-baselines3-zoo for CartPole-v1.

    20 evaluation episodes in 20 environments at once: Stable-Baselines3's default of one at a time
    takes many times as long.
    """
    envs = make_vec_env("CartPole-v1", n_envs=8, seed=seed)
    model = PPO(
        "MlpPolicy",
        envs,
        seed=seed,
        device="cpu",
        n_steps=32,
        batch_size=256,
        n_epochs=20,
        gamma=0.98,
        gae_lambda=0.8,
        ent_coef=0.0,
        learning_rate=zoo_linear(1e-3),
        clip_range=zoo_linear(0.2),
    )
    evaluation = EvalCallback(
        make_vec_env("CartPole-v1", n_envs=20, seed=seed + 1000),
        callback_on_new_best=StopTrainingOnRewardThreshold(475.0, verbose=0),
        n_eval_episodes=20,
        eval_freq=2560 // 8,
        deterministic=True,
        verbose=0,
    )
    model.learn(100_000, callback=evaluation)
    return model.num_timesteps, float(evaluation.last_mean_reward)


class Marks(BaseCallback):
    """When each iteration began."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def _on_rollout_start(self) -> None:
        self.times.append(time.perf_counter())

    def _on_step(self) -> bool:
        return True


def speed(seed: int, iterations: int = 5) -> tuple[float, float]:
    """(steps/s, iterations counted): all but the first, learning included."""
    model = PPO(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=64, seed=seed),
        seed=seed,
        device="cpu",
        n_steps=128,
        batch_size=2048,
        n_epochs=4,
    )
    marks = Marks()
    model.learn(8192 * iterations, callback=marks)
    ended = time.perf_counter()
    return 8192 * (iterations - 1) / (ended - marks.times[1]), iterations - 1


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    task = {"solve": solve, "speed": speed}[sys.argv[1]]
    print(json.dumps(task(int(sys.argv[2]))))
