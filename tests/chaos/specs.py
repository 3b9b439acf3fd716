"""What runs under chaos: everything that a run remembers is in it, so that nothing counts twice."""

from collections.abc import Sequence
from typing import Any

from faastraingym.algorithms.experiments.specification import is_experiment
from tests.chaos.plan import KINDS, OF_EXPERIMENTS, OF_FUNCTIONS
from tests.reward_servers import EXAMPLE, NAME
from tests.stack import brought
from tests.stack.specs import LONG

# Running statistics of observations and of returns: merged twice, they would change every byte.
CHAOS: dict[str, Any] = {
    **LONG,
    "algorithm": {
        **LONG["algorithm"],
        "learning_rate_schedule": "linear",
        "normalize_observations": True,
    },
    "reward": [{"kind": "normalize"}],
    # in three pieces, each of episodes that step together: 32, 32 and 6
    "evaluation": {"every": 10, "episodes": 70, "pieces": 3},
    "stop": {"env_steps": 7_000},  # some 110 iterations
}

# A learner that starts anew must fill its window of ten versions, and find its priorities.
REPLAYING: dict[str, Any] = {
    **CHAOS,
    "algorithm": {
        "name": "dqn",
        "hidden_sizes": [8],
        "capacity": 640,
        "batch_size": 16,
        "gradient_steps": 4,
        "learning_starts": 64,
        "target_update_interval": 10,
        "n_step": 3,
        "double": True,
        "prioritized": True,
    },
}
# Targets, alpha and three optimizers, beside the window and its priorities.
SOFT: dict[str, Any] = {
    **CHAOS,
    "environment": {**CHAOS["environment"], "id": "Pendulum-v1"},
    "algorithm": {
        "name": "sac",
        "hidden_sizes": [8],
        "capacity": 640,
        "batch_size": 16,
        "gradient_steps": 4,
        "learning_starts": 64,
        "n_step": 3,
        "prioritized": True,
    },
}
# Rollouts run beside updates, and V-trace corrects for the lag; late ones are issued once more.
CORRECTING: dict[str, Any] = {
    **CHAOS,
    "rollout": {**CHAOS["rollout"], "max_policy_lag": 1, "straggler_factor": 3.0},
    "algorithm": {
        "name": "impala",
        "hidden_sizes": [8],
        "learning_rate": 3e-3,
        "learning_rate_schedule": "linear",
        "normalize_observations": True,
    },
}
# Half of a batch's environments in a minibatch, in sequences that a cell is unrolled over.
REMEMBERING: dict[str, Any] = {
    **CHAOS,
    "algorithm": {**CHAOS["algorithm"], "recurrent": {"cell": "lstm", "size": 8}},
}
# Rewards of a function of one's own, which dies as any other; then the running statistics of them.
ASKING: dict[str, Any] = {
    **CHAOS,
    "reward": [{"kind": "function", "name": NAME}, {"kind": "normalize"}],
}
# Eight runs, of which the better halves of the configurations pause at rungs and go on.
COMPETING: dict[str, Any] = {
    "run": {key: value for key, value in CHAOS.items() if key != "seed"}
    | {"stop": {"env_steps": 512}},
    "space": {
        "algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]},
        "algorithm.gamma": {"kind": "choice", "values": [0.9, 0.99]},
    },
    "seeds": [5, 6],
    "at_once": 3,
    "scheduler": {"name": "halving", "first": 128, "factor": 2},
}
# A policy is played by many workers, who draw its actions and film the first episodes.
EVALUATING: dict[str, Any] = {
    **{key: CHAOS[key] for key in ("seed", "environment", "rollout", "algorithm")},
    "evaluate": brought.TABLE,
    "evaluation": {"episodes": 1_280, "workers": 40, "stochastic": True, "record": 2},
    "stop": {"env_steps": 0},
}
# By algorithm; `halving` is an experiment, `reward` learns from a function's rewards, `evaluation`
# learns nothing.
SPECS = {
    "ppo": CHAOS,
    "dqn": REPLAYING,
    "sac": SOFT,
    "impala": CORRECTING,
    "recurrent": REMEMBERING,
    "reward": ASKING,
    "halving": COMPETING,
    "evaluation": EVALUATING,
}


def deployed(spec: dict[str, Any]) -> list[str]:
    """The stack.yml files of functions of one's own that it needs."""
    asks = any(one.get("kind") == "function" for one in spec.get("reward", []))
    return [str(EXAMPLE / "stack.yml")] if asks else []


def with_lag(spec: dict[str, Any], max_policy_lag: int | None) -> dict[str, Any]:
    """`spec`, whose rollouts run beside the update when the lag is 1; None: with its own lag."""
    if max_policy_lag is None:
        return spec
    if is_experiment(spec):
        return {**spec, "run": with_lag(spec["run"], max_policy_lag)}
    return {**spec, "rollout": {**spec["rollout"], "max_policy_lag": max_policy_lag}}


def usual_kinds(spec: dict[str, Any]) -> Sequence[str]:
    """The kinds of faults that happen to it unless others are asked for."""
    if is_experiment(spec):
        return OF_EXPERIMENTS
    return OF_FUNCTIONS if deployed(spec) else KINDS


def learns(spec: dict[str, Any]) -> bool:
    """Whether it is a run that could be resumed to a larger budget."""
    return not (is_experiment(spec) or "evaluate" in spec)


def half_of(spec: dict[str, Any]) -> dict[str, Any]:
    """`spec` to half of its budget, with the schedules of the whole."""
    whole = spec["stop"]["env_steps"]
    return {**spec, "stop": {**spec["stop"], "env_steps": whole // 2, "horizon": whole}}
