"""RLlib's PPO; arguments and answers as in stable_baselines3_process.

CartPole-v1 with the settings of RLlib's own tuned example. Environments and learner live in the
driver: on two cores that is faster than actors, and starts sooner.
"""

# mypy: disable-error-code="import-not-found"
import json
import sys
import time
from typing import Any

from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

from benchmarks.peers import ray_local

TARGET, BUDGET = 475.0, 200_000
STEPS, ITERATIONS = 128, 5  # of `speed`


def base(seed: int, num_envs: int) -> Any:
    """PPO on CartPole-v1, quiet."""
    return (
        PPOConfig()
        .environment("CartPole-v1")
        .env_runners(num_env_runners=0, num_envs_per_env_runner=num_envs)
        .debugging(seed=seed, log_level="ERROR")
    )


def solve(environment: str, seed: int) -> tuple[int, float]:
    """(steps, last mean return) of at most the budget; 20 episodes after every 4,000 steps."""
    if environment != "CartPole-v1":
        raise SystemExit(f"no settings for {environment}")
    small = DefaultModelConfig(fcnet_hiddens=[32], fcnet_activation="linear", vf_share_layers=True)
    config = (
        base(seed, num_envs=8)
        .training(lr=0.0003, num_epochs=6, vf_loss_coeff=0.01, train_batch_size_per_learner=4000)
        .rl_module(model_config=small)
        .evaluation(
            evaluation_interval=1,
            evaluation_duration=20,
            evaluation_config={"explore": False, "num_envs_per_env_runner": 20},
        )
    )
    algorithm = config.build_algo()
    steps, mean = 0, 0.0
    while mean < TARGET and steps < BUDGET:
        told = algorithm.train()
        steps = int(told["num_env_steps_sampled_lifetime"])
        mean = float(told["evaluation"]["env_runners"]["episode_return_mean"])
    return steps, mean


def speed(num_envs: int, seed: int) -> float:
    """Steps/s of all iterations but the first, learning included."""
    batch = num_envs * STEPS
    sizes = {"train_batch_size_per_learner": batch, "minibatch_size": batch // 4}
    networks = DefaultModelConfig(fcnet_hiddens=[64, 64], fcnet_activation="tanh")
    config = base(seed, num_envs).training(num_epochs=4, **sizes).rl_module(model_config=networks)
    algorithm = config.build_algo()
    before = int(algorithm.train()["num_env_steps_sampled_lifetime"])
    begun = time.perf_counter()
    for _ in range(ITERATIONS - 1):
        after = int(algorithm.train()["num_env_steps_sampled_lifetime"])
    return (after - before) / (time.perf_counter() - begun)


if __name__ == "__main__":
    ray_local.start()
    task, what, seed = sys.argv[1:]
    if task == "solve":
        print(json.dumps(solve(json.loads(what)["environment"], int(seed))))
    else:
        print(json.dumps(speed(int(what), int(seed))))
