"""One run of a sweep: Stable-Baselines3, evaluated as often as ours, which counts its steps."""

# mypy: disable-error-code="import-not-found, misc"
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stable_baselines3
import torch
from stable_baselines3.common.callbacks import BaseCallback, EvalCallback
from stable_baselines3.common.env_util import make_vec_env

from benchmarks.peers import stable_baselines3_process as peer

COUNTED = "steps.txt"
Told = Callable[[float, Any], None]  # the mean return, and the model


class Counter(BaseCallback):
    """A line for each batch, with its steps: of a run that is killed one batch is not counted."""

    def __init__(self, file: Path, run: int) -> None:
        super().__init__()
        self.file, self.run, self.before = file, run, 0

    def _on_training_start(self) -> None:
        self.before = self.num_timesteps

    def _on_rollout_end(self) -> None:
        with self.file.open("a") as lines:
            lines.write(f"{self.run} {self.num_timesteps - self.before}\n")
        self.before = self.num_timesteps

    def _on_step(self) -> bool:
        return True


class Evaluated(BaseCallback):
    """Says how an evaluation went."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told

    def _on_step(self) -> bool:
        self.told(float(self.parent.last_mean_reward), self.model)
        return True


def train(sweep: dict[str, Any], run: int, told: Told, kept: Path | None = None) -> float:
    """The last evaluation's mean return.

    Args:
        run: an index of the sweep's runs.
        told: called after each evaluation.
        kept: a model that was saved then, to go on from.
    """
    torch.set_num_threads(peer.THREADS)
    settings = dict(sweep["runs"][run])
    problem, seed = dict(sweep["problem"]), settings.pop("seed")
    model = peer.made(stable_baselines3, {**problem, "settings": settings}, seed)
    if kept:
        model = type(model).load(kept, env=model.get_env(), device="cpu")
    evaluation = EvalCallback(
        make_vec_env(problem["environment"], n_envs=problem["episodes"], seed=seed + 1000),
        callback_after_eval=Evaluated(told),
        n_eval_episodes=problem["episodes"],
        eval_freq=problem["evaluate_every"] // problem["num_envs"],
        deterministic=True,
        verbose=0,
    )
    counter = Counter(Path(sweep["folder"]) / COUNTED, run)
    left = problem["budget"] - model.num_timesteps
    model.learn(left, callback=[counter, evaluation], reset_num_timesteps=not kept)
    return float(evaluation.last_mean_reward)
