from collections.abc import Callable

import pytest

from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline import planning
from faastraingym.schemas.messages import RunResumed
from faastraingym.schemas.specification import RunSpec
from tests.events import facts

Make = Callable[..., RunSpec]


@pytest.fixture
def make_spec() -> Make:
    """Builds a specification of 1000 steps with tables that differ."""

    def build(**tables: object) -> RunSpec:
        algorithm = {"name": "ppo", **tables.pop("algorithm", {})}  # type: ignore[dict-item]
        raw = {**facts.RAW, "stop": {"env_steps": 1000}, "algorithm": algorithm}
        return parse({**raw, **tables})

    return build


def test_linear_annealing_starts_whole_and_ends_at_zero(make_spec: Make) -> None:
    """Coefficients shrink with the share of the budget that is spent; others stay."""
    spec = make_spec(algorithm={"learning_rate_schedule": "linear", "learning_rate": 0.1})
    rates = [
        planning.update_plan(spec, 0, s, 10).coefficients["learning_rate"]
        for s in (0, 500, 1000, 1100)
    ]
    assert rates == pytest.approx([0.1, 0.05, 0.0, 0.0])
    assert planning.update_plan(spec, 0, 500, 10).coefficients["clip_coef"] == 0.2


@pytest.mark.parametrize(("before", "rollouts"), [(899, 2), (900, 0), (1200, 0)])
def test_the_budget_ends_the_run(make_spec: Make, before: int, rollouts: int) -> None:
    """No rollouts follow the update that reaches the budget, and its version is evaluated."""
    spec = make_spec(rollout={"count": 2})
    plan = planning.update_plan(spec, 3, before, 100)
    assert (plan.rollouts, plan.evaluate) == (rollouts, rollouts == 0)


def test_evaluation_is_on_schedule(make_spec: Make) -> None:
    """Every third version that an update makes, here 3, 6 and 9."""
    spec = make_spec(evaluation={"every": 3})
    plans = [planning.update_plan(spec, version, 0, 1) for version in range(9)]
    assert [v + 1 for v, plan in enumerate(plans) if plan.evaluate] == [3, 6, 9]


def test_a_longer_budget_leaves_the_schedules_as_they_were(make_spec: Make) -> None:
    """The horizon of the specification, by default its budget, is the schedules'."""
    algorithm = {"learning_rate_schedule": "linear", "learning_rate": 0.1}
    whole = make_spec(algorithm=algorithm)
    half = make_spec(algorithm=algorithm, stop={"env_steps": 500, "horizon": 1000})
    assert planning.update_plan(half, 3, 250, 10) == planning.update_plan(whole, 3, 250, 10)
    assert planning.update_plan(half, 3, 495, 10).rollouts == 0
    resumed = RunResumed(run=facts.RUN, manifest=facts.MANIFEST, segment=1, env_steps=1000)
    going_on = planning.on_segment(half, resumed)
    assert planning.update_plan(going_on, 3, 495, 10) == planning.update_plan(whole, 3, 495, 10)
    assert planning.on_segment(planning.on_segment(half, resumed), resumed) == going_on


def test_without_a_horizon_a_resumed_run_stays_where_its_schedules_ended(make_spec: Make) -> None:
    spec = make_spec(algorithm={"learning_rate_schedule": "linear"})
    resumed = RunResumed(
        run=facts.RUN, manifest=facts.MANIFEST, segment=1, env_steps=2000, target=9.0
    )
    longer = planning.on_segment(spec, resumed)
    assert (longer.stop.target, longer.stop.annealing_steps) == (9.0, 1000)
    assert planning.update_plan(longer, 3, 1500, 10).coefficients["learning_rate"] == 0.0


@pytest.mark.parametrize(("lag", "acts"), [(0, [0, 1, 2, 3]), (1, [0, 0, 1, 2])])
def test_which_version_acts_for_a_version_to_learn_from(
    make_spec: Make, lag: int, acts: list[int]
) -> None:
    """Version 0 acts for itself, whatever the lag: there is none before it."""
    spec = make_spec(rollout={"max_policy_lag": lag})
    assert [planning.acting(spec, version) for version in range(4)] == acts
    assert [planning.update_plan(spec, version, 0, 1).lag for version in range(3)] == [lag] * 3


def test_rewards_under_a_lag_wait_for_the_version_that_learns_from_them() -> None:
    """It is another one than collected them, and may be committed after them."""
    assert planning.learning(facts.ready(2), facts.history()) == facts.policy(2)
    assert planning.learning(facts.ready(2, lag=1), facts.history(facts.updated(1))) is None
    known = facts.history(facts.updated(1), facts.updated(2))
    assert planning.learning(facts.ready(2, lag=1), known) == facts.policy(2)
