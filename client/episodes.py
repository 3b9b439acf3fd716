"""Where episodes end: a run insists on a limit of steps, and a class may have none."""

from typing import Any, TypeAlias

import gymnasium
import msgspec
from gymnasium.wrappers import TimeLimit

from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.wrappers import step_limit
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import EnvironmentSpec

Environment: TypeAlias = "gymnasium.Env[Any, Any]"


def trained_in(policy: object) -> EnvironmentSpec | None:
    """The environment that a Policy was trained in; of any other model: None."""
    report = getattr(policy, "report", None)
    if not isinstance(report, RunReport):
        return None
    return msgspec.convert(report.spec["environment"], EnvironmentSpec)


def limited(env: Environment, trained: EnvironmentSpec | None) -> Environment:
    """The environment, under the limit of steps of a run where it has none itself.

    Args:
        env: in any wrappers; its caller closes it.
        trained: as of `trained_in`.
    """
    limit = None if _is_limited(env) else _limit(trained)
    return env if limit is None else TimeLimit(env, limit)


def _is_limited(env: Any) -> bool:
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            return True
        env = env.env
    return False


def _limit(trained: EnvironmentSpec | None) -> int | None:
    """The run's own, or that with which its environment is registered, if it is known here."""
    if trained is None:
        return None
    is_registered = not on_jax.is_one(trained)  # those truncate themselves
    found = gymnasium.registry.get(trained.id.rpartition(":")[2]) if is_registered else None
    registered = found.max_episode_steps if found else None
    return trained.kwargs.get("max_episode_steps") or step_limit(trained) or registered
