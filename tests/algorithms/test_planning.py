from collections.abc import Callable

import pytest

from algorithms import planning
from schemas.specification import RunSpec


def test_linear_annealing_starts_whole_and_ends_at_zero(make_spec: Callable[..., RunSpec]) -> None:
    """Coefficients shrink with the share of the budget that is spent; others stay."""
    spec = make_spec(algorithm={"learning_rate_schedule": "linear", "learning_rate": 0.1})
    rates = [planning.schedule(spec, 0, s, 10).learning_rate for s in (0, 500, 1000, 1100)]
    assert rates == pytest.approx([0.1, 0.05, 0.0, 0.0])
    assert planning.schedule(spec, 0, 500, 10).clip_coef == 0.2


@pytest.mark.parametrize(("before", "rollouts"), [(899, 2), (900, 0), (1200, 0)])
def test_the_budget_ends_the_run(
    make_spec: Callable[..., RunSpec], before: int, rollouts: int
) -> None:
    """No rollouts follow the update that reaches the budget, and its version is evaluated."""
    spec = make_spec(rollout={"count": 2})
    plan = planning.schedule(spec, 3, before, 100)
    assert (plan.rollouts, plan.evaluate) == (rollouts, rollouts == 0)


def test_evaluation_is_on_schedule(make_spec: Callable[..., RunSpec]) -> None:
    """Every third version that an update makes, here 3, 6 and 9."""
    spec = make_spec(evaluation={"every": 3})
    plans = [planning.schedule(spec, version, 0, 1) for version in range(9)]
    assert [v + 1 for v, plan in enumerate(plans) if plan.evaluate] == [3, 6, 9]


def test_a_run_opens_with_its_fan_out(make_spec: Callable[..., RunSpec]) -> None:
    """Version 0 promises all rollouts and no evaluation."""
    assert planning.opening(make_spec(rollout={"count": 5})) == (5, False)
