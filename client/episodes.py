"""Where episodes end: a run insists on a limit of steps, and a class may have none."""

from typing import Any, TypeAlias

import gymnasium
from gymnasium.wrappers import TimeLimit

from faastraingym.schemas.report import RunReport

Environment: TypeAlias = "gymnasium.Env[Any, Any]"


def trained_in(policy: object) -> dict[str, Any]:
    """The section `environment` of the specification that a Policy was trained by; else empty."""
    report = getattr(policy, "report", None)
    return report.spec.get("environment", {}) if isinstance(report, RunReport) else {}


def limited(env: Environment, trained: dict[str, Any]) -> Environment:
    """The environment, under the limit of steps of a run where it has none itself.

    Args:
        env: whatever its wrappers are; it is not closed with what is returned.
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


def _limit(trained: dict[str, Any]) -> int | None:
    """The run's own, or that with which its environment is registered, if it is known here."""
    own: int | None = trained.get("kwargs", {}).get("max_episode_steps")
    found = gymnasium.registry.get(trained.get("id", "").rpartition(":")[2])
    return own or (found.max_episode_steps if found else None)
