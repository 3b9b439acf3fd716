"""`python -m benchmarks.peers.stable_baselines3_process TASK WHAT SEED`.

`solve ENVIRONMENT` prints [steps, last mean return]; `speed ENVIRONMENTS`, of large updates, and
`zoo ENVIRONMENT`, as rl-baselines3-zoo sets it, print steps/s; as JSON, on the last line.
"""

# mypy: disable-error-code="import-not-found, misc"
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import (
    BaseCallback,
    EvalCallback,
    StopTrainingOnRewardThreshold,
)
from stable_baselines3.common.env_util import make_vec_env

THREADS = 1  # for networks this small, faster than one per core
STEPS, ITERATIONS = 128, 5  # of `speed`
ZOO_ITERATIONS = 41


def zoo_linear(initial: float) -> Callable[[float], float]:
    """rl-baselines3-zoo's `lin_`: down to 0 at the end of the budget."""
    return lambda progress_remaining: progress_remaining * initial


class Problem(NamedTuple):
    """An environment's target, and rl-baselines3-zoo's settings."""

    target: float
    budget: int
    evaluate_every: int  # steps
    num_envs: int
    settings: dict[str, Any]


PROBLEMS = {
    "CartPole-v1": Problem(
        target=475.0,
        budget=100_000,
        evaluate_every=2560,
        num_envs=8,
        settings={
            "n_steps": 32,
            "batch_size": 256,
            "n_epochs": 20,
            "gamma": 0.98,
            "gae_lambda": 0.8,
            "ent_coef": 0.0,
            "learning_rate": zoo_linear(1e-3),
            "clip_range": zoo_linear(0.2),
        },
    ),
    "LunarLander-v3": Problem(
        target=200.0,
        budget=1_000_000,
        evaluate_every=16_384,
        num_envs=16,
        settings={
            "n_steps": 1024,
            "batch_size": 64,
            "n_epochs": 4,
            "gamma": 0.999,
            "gae_lambda": 0.98,
            "ent_coef": 0.01,
        },
    ),
}


def solve(ppo: type, environment: str, seed: int) -> tuple[int, float]:
    """(steps, last mean return) of at most the budget.

    20 evaluation episodes in 20 environments at once: Stable-Baselines3's default of one at a time
    takes many times as long.
    """
    problem = PROBLEMS[environment]
    envs = make_vec_env(environment, n_envs=problem.num_envs, seed=seed)
    model = ppo("MlpPolicy", envs, seed=seed, device="cpu", **problem.settings)
    evaluation = EvalCallback(
        make_vec_env(environment, n_envs=20, seed=seed + 1000),
        callback_on_new_best=StopTrainingOnRewardThreshold(problem.target, verbose=0),
        n_eval_episodes=20,
        eval_freq=problem.evaluate_every // problem.num_envs,
        deterministic=True,
        verbose=0,
    )
    model.learn(problem.budget, callback=evaluation)
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


def speed(ppo: type, num_envs: int, seed: int) -> float:
    """Steps/s of CartPole-v1 in 4 epochs of 4 minibatches."""
    settings = {"n_steps": STEPS, "batch_size": num_envs * STEPS // 4, "n_epochs": 4}
    return _rate(ppo, "CartPole-v1", num_envs, settings, ITERATIONS, seed)


def zoo(ppo: type, environment: str, seed: int) -> float:
    """Steps/s with rl-baselines3-zoo's settings, without evaluations."""
    problem = PROBLEMS[environment]
    return _rate(ppo, environment, problem.num_envs, problem.settings, ZOO_ITERATIONS, seed)


def _rate(
    ppo: type, environment: str, num_envs: int, settings: dict[str, Any], iterations: int, seed: int
) -> float:
    """Steps/s of all iterations but the first, learning included."""
    batch = num_envs * settings["n_steps"]
    envs = make_vec_env(environment, n_envs=num_envs, seed=seed)
    model = ppo("MlpPolicy", envs, seed=seed, device="cpu", **settings)
    marks = Marks()
    model.learn(batch * iterations, callback=marks)
    ended = time.perf_counter()
    return batch * (iterations - 1) / (ended - marks.times[1])


def main(ppo: type) -> None:
    """Measure what the arguments name."""
    torch.set_num_threads(THREADS)
    task, what, seed = sys.argv[1:]
    match task:
        case "solve":
            print(json.dumps(solve(ppo, what, int(seed))))
        case "zoo":
            print(json.dumps(zoo(ppo, what, int(seed))))
        case _:
            print(json.dumps(speed(ppo, int(what), int(seed))))


if __name__ == "__main__":
    main(PPO)
