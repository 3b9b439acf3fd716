"""`python -m benchmarks.peers.stable_baselines3_process TASK WHAT SEED`.

`solve PROBLEM` prints [steps, last mean return]; `speed ENVIRONMENTS`, of large updates of PPO, and
`zoo PROBLEM` print steps/s; as JSON, on the last line. A PROBLEM is peers/problem.py's, as JSON.
"""

# mypy: disable-error-code="import-not-found, misc"
import json
import sys
import time
from types import ModuleType
from typing import Any

import stable_baselines3
import torch
from stable_baselines3.common.callbacks import (
    BaseCallback,
    EvalCallback,
    StopTrainingOnRewardThreshold,
)
from stable_baselines3.common.env_util import make_vec_env

THREADS = 1  # for networks this small, faster than one per core
STEPS, ITERATIONS = 128, 5  # of `speed`
ZOO_ITERATIONS = 41
LINEAR = "lin_"  # as rl-baselines3-zoo writes it


def arguments(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as the peer's class takes them."""

    def argument(value: Any) -> Any:
        if not (isinstance(value, str) and value.startswith(LINEAR)):
            return value
        initial = float(value.removeprefix(LINEAR))
        return lambda progress_remaining: progress_remaining * initial

    return {name: argument(value) for name, value in settings.items()}


def made(library: ModuleType, problem: dict[str, Any], seed: int) -> Any:
    """The untrained model."""
    envs = make_vec_env(problem["environment"], n_envs=problem["num_envs"], seed=seed)
    algorithm = getattr(library, problem["algorithm"])
    return algorithm("MlpPolicy", envs, seed=seed, device="cpu", **arguments(problem["settings"]))


def solve(library: ModuleType, problem: dict[str, Any], seed: int) -> tuple[int, float]:
    """(steps, last mean return) of at most the budget.

    All episodes of an evaluation are played at once, in an environment each: Stable-Baselines3's
    default of one after the other takes many times as long.
    """
    model, episodes = made(library, problem, seed), problem["episodes"]
    evaluation = EvalCallback(
        make_vec_env(problem["environment"], n_envs=episodes, seed=seed + 1000),
        callback_on_new_best=StopTrainingOnRewardThreshold(problem["target"], verbose=0),
        n_eval_episodes=episodes,
        eval_freq=problem["evaluate_every"] // problem["num_envs"],
        deterministic=True,
        verbose=0,
    )
    model.learn(problem["budget"], callback=evaluation)
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


def speed(library: ModuleType, num_envs: int, seed: int) -> float:
    """Steps/s of PPO on CartPole-v1 in 4 epochs of 4 minibatches."""
    settings = {"n_steps": STEPS, "batch_size": num_envs * STEPS // 4, "n_epochs": 4}
    problem = {"algorithm": "PPO", "environment": "CartPole-v1", "num_envs": num_envs}
    return rate(library, {**problem, "settings": settings}, ITERATIONS, seed)


def rate(library: ModuleType, problem: dict[str, Any], iterations: int, seed: int) -> float:
    """Steps/s of all iterations but the first, learning included, without evaluations."""
    batch = problem["num_envs"] * problem["settings"]["n_steps"]
    model, marks = made(library, problem, seed), Marks()
    model.learn(batch * iterations, callback=marks)
    ended = time.perf_counter()
    return batch * (iterations - 1) / (ended - marks.times[1])


def main(library: ModuleType) -> None:
    """Measure what the arguments name."""
    torch.set_num_threads(THREADS)
    task, what, seed = sys.argv[1:]
    match task:
        case "solve":
            print(json.dumps(solve(library, json.loads(what), int(seed))))
        case "zoo":
            print(json.dumps(rate(library, json.loads(what), ZOO_ITERATIONS, int(seed))))
        case _:
            print(json.dumps(speed(library, int(what), int(seed))))


if __name__ == "__main__":
    main(stable_baselines3)
