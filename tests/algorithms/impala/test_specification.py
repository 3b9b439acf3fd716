from typing import Any

import pytest

from faastraingym.algorithms.registry import parse, rules
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import RunSpec


def spec(rollout: Any = None, **algorithm: Any) -> RunSpec:
    environment = {"id": "CartPole-v1", "num_envs": 1}
    settings = {"name": "impala", **algorithm}
    raw = {"environment": environment, "algorithm": settings, "stop": {"env_steps": 1000}}
    return parse({**raw, "rollout": rollout or {}})


def refused(**given: Any) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        spec(**given)
    return [str(problem) for problem in caught.value.problems]


def test_traces_are_not_truncated_above_the_weights() -> None:
    """Espeholt et al. assume rho_bar >= c_bar; equal ones are fine."""
    assert refused(rho_bar=0.5) == [
        "spec.algorithm.c_bar: found 1; allowed: rho_bar, 0.5, at most, as V-trace is defined"
    ]
    assert refused(c_bar=2.5) == [
        "spec.algorithm.c_bar: found 2.5; allowed: rho_bar, 1, at most, as V-trace is defined"
    ]
    assert spec(rho_bar=2.0, c_bar=2.0)


def test_one_sample_cannot_be_normalised() -> None:
    found = refused(rollout={"num_steps": 1}, normalize_advantages=True)
    assert [problem.partition(":")[0] for problem in found] == [
        "spec.algorithm.normalize_advantages"
    ]


def test_any_lag_is_allowed_up_to_16() -> None:
    """The bound is the platform's; A2C, which corrects nothing, refuses all but 0."""
    assert spec(rollout={"max_policy_lag": 16}).rollout.max_policy_lag == 16
    assert refused(rollout={"max_policy_lag": 17}) == [
        "spec.rollout.max_policy_lag: found 17; allowed: an integer from 0 to 16"
    ]


def test_the_plan_anneals_the_learning_rate() -> None:
    annealed = spec(learning_rate=0.5, learning_rate_schedule="linear", ent_coef=0.25)
    plan = rules(annealed).plan(annealed, 0.75)
    assert plan.coefficients == {"learning_rate": 0.125, "ent_coef": 0.25}
    assert plan.gradient_steps == 1
