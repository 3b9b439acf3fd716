"""The loop is the pipeline's work: its last policy has the SHA-256 of the pipeline's."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from benchmarks.loop import versions
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.registry import parse
from faastraingym.schemas import keys
from faastraingym.schemas.payloads import dump
from tests.test_loop import SPEC, Platform, train

NORMALISED = {
    "algorithm": {**SPEC["algorithm"], "normalize_observations": True},
    "reward": [{"kind": "normalize"}],
}
DQN = {
    "name": "dqn",
    "capacity": 96,
    "batch_size": 8,
    "gradient_steps": 2,
    "learning_starts": 64,
    "hidden_sizes": [8],
}
SAC = {
    "environment": {"id": "Pendulum-v1", "num_envs": 2},
    "algorithm": {**DQN, "name": "sac"},
}
REMEMBERING = {"algorithm": {**SPEC["algorithm"], "recurrent": {"size": 4}}}
EPISODES = {"count": 2, "horizon": "episodes", "num_episodes": 2}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "normalised": NORMALISED,
    "behind": {**NORMALISED, "rollout": {"count": 2, "num_steps": 16, "max_policy_lag": 3}},
    "replayed": {"algorithm": DQN},
    "continuous": SAC,
    "remembering": REMEMBERING,
    "whole episodes": {"rollout": EPISODES},
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_policy_is_the_pipeline_s(case: str) -> None:
    raw = {**SPEC, "stop": {"env_steps": 250}, **CASES[case]}
    platform = asyncio.run(train(Platform(), raw))
    report = json.loads(platform.objects.data[keys.report("demo")])
    spec = parse(raw)
    made = [*versions(spec)]
    last = made[-1]
    assert (last.policy.version, last.env_steps) == (report["versions"], report["env_steps"])
    assert hashlib.sha256(dump(last.policy)).hexdigest() == report["policy"]["sha256"]
    assert last.plan.evaluate
    assert evaluate(spec, last.policy).returns.mean() == report["evaluation"]["mean"]
    assert sum(v.staleness for v in made) / len(made) == report["staleness"]["mean"]
