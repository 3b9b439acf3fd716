"""Reports of small runs, for comparisons."""

from typing import Any

from faastraingym.schemas.report import (
    CurvePoint,
    EvaluationReport,
    PolicyReport,
    RunReport,
    Status,
    Usage,
)

SPEC: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 400},
}


def spec(seed: int = 0, target: float | None = None, **settings: Any) -> dict[str, Any]:
    """A raw specification with settings of its algorithm, PPO unless they name another."""
    stop = {**SPEC["stop"], **({} if target is None else {"target": target})}
    return {**SPEC, "seed": seed, "stop": stop, "algorithm": {**SPEC["algorithm"], **settings}}


def report(
    name: str,
    of: dict[str, Any],
    returns: tuple[float, ...] = (),
    status: Status = "completed",
    reason: str = "budget",
    cost: float = 8.0,
    seconds: float = 30.0,
) -> RunReport:
    """A run of this specification, evaluated every 100 steps, whose last policy is reported."""
    points = [
        CurvePoint(version=v, env_steps=100 * v, return_mean=found)
        for v, found in enumerate(returns, 1)
    ]
    last = EvaluationReport(mean=returns[-1], std=0.0, episodes=5) if returns else None
    return RunReport(
        run_id=name,
        status=status,
        reason=reason,
        algorithm=of["algorithm"]["name"],
        environment=of["environment"]["id"],
        spec=of,
        versions=len(returns),
        env_steps=100 * len(returns),
        episodes=7,
        best_return=max(returns, default=None),
        evaluation=last,
        policy=PolicyReport(version=len(returns), key="k", sha256="ab" * 32),
        usage={"rollout": Usage(gb_seconds=cost - 1), "evaluate": Usage(gb_seconds=1.0)},
        wall_seconds=seconds,
        training=[],
        evaluations=points,
        metrics={},
    )
