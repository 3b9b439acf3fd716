"""What a version and its rewards lead to, and when they lead to nothing."""

from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.next_step import filters, lacking, next_step
from faastraingym.events.pipeline.planning import plan
from faastraingym.schemas.messages import EvaluatePolicy, RunRemoved
from tests.events import facts
from tests.events.facts import history, ready, specification, updated

SPEC = specification()  # version 3 is the last


def test_rewards_lead_to_an_update() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED, ready(1))) == [
        plan(SPEC, facts.policy(1), ready(1))
    ]


def test_what_was_updated_is_not_planned_again() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED, ready(1), updated(2))) == []


def test_a_stop_ends_the_leg() -> None:
    said = history(facts.REQUESTED, ready(1), facts.STOP)
    assert next_step(SPEC, ready(1), said) == [Invocation("conclude-run", facts.STOP)]


def test_nothing_is_planned_for_a_run_that_was_removed() -> None:
    """Though it was resumed at the same moment, by one who did not know."""
    said = history(facts.REQUESTED, ready(1), RunRemoved(run=facts.RUN))
    assert next_step(SPEC, ready(1), said) == []


def test_nothing_is_planned_beyond_a_budget_that_was_set_meanwhile() -> None:
    """Its last version is evaluated instead, for nobody had planned that."""
    said = history(facts.REQUESTED, ready(2), facts.resumed(1, env_steps=200))
    (evaluate,) = next_step(SPEC, ready(2), said)
    assert evaluate == EvaluatePolicy(
        run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(2)
    )


LAGGING = specification(rollout={"count": 2, "max_policy_lag": 1})
READY = ready(1, lag=1)  # collected by version 0, for version 1 to learn from
UPDATE = plan(LAGGING, facts.policy(1), READY)


def test_with_a_lag_the_next_rollouts_are_sent_with_the_update() -> None:
    said = history(facts.REQUESTED, updated(1), READY)
    previous = [facts.trajectory(1, index) for index in (0, 1)]
    beside = [facts.rollout(2, index, previous[index], lag=1) for index in (0, 1)]
    assert next_step(LAGGING, READY, said) == [UPDATE, *beside]
    # whoever planned may have died before all were sent
    assert (
        next_step(LAGGING, READY, history(facts.REQUESTED, updated(1), READY, updated(2))) == beside
    )
    whole = history(facts.REQUESTED, updated(1), READY, updated(2), ready(2, lag=1))
    assert next_step(LAGGING, READY, whole) == []


def test_with_a_lag_nothing_is_planned_before_there_is_the_version_that_learns() -> None:
    assert next_step(LAGGING, READY, history(facts.REQUESTED, READY)) == []


FURTHER = specification(rollout={"count": 2, "max_policy_lag": 2}, stop={"env_steps": 600})
AHEAD = ready(2, lag=2)  # collected by version 0, for version 2 to learn from


def rollouts_of(version: int, lag: int) -> list:
    previous = [facts.trajectory(version - 1, index) for index in (0, 1)]
    return [facts.rollout(version, index, previous[index], lag=lag) for index in (0, 1)]


def test_a_batch_is_collected_ahead_of_the_version_that_learns_from_it() -> None:
    """Version 1 acts for version 3; version 2 is not made yet."""
    said = [facts.REQUESTED, updated(0), ready(0), ready(1, lag=1), updated(1), AHEAD]
    assert next_step(FURTHER, AHEAD, history(*said)) == rollouts_of(3, lag=2)
    # and once that one is, it learns, and may act for the batch after the next
    said.append(updated(2))
    update = plan(FURTHER, facts.policy(2), AHEAD)
    assert next_step(FURTHER, updated(2), history(*said)) == [update]
    said.append(ready(3, lag=2))
    assert next_step(FURTHER, updated(2), history(*said)) == [update, *rollouts_of(4, lag=2)]
    assert next_step(FURTHER, AHEAD, history(*said)) == [update]


def test_nothing_is_collected_ahead_of_what_the_budget_needs() -> None:
    """Its batches are counted, for the version that will have learnt from them is not there."""
    spec = specification(rollout={"count": 2, "max_policy_lag": 2}, stop={"env_steps": 300})
    said = history(facts.REQUESTED, updated(0), ready(0), ready(1, lag=1), updated(1), AHEAD)
    assert next_step(spec, AHEAD, said) == []


def test_a_batch_whose_predecessors_are_not_known_is_not_collected() -> None:
    said = history(facts.REQUESTED, updated(0), ready(0), updated(1), AHEAD)
    assert next_step(FURTHER, AHEAD, said) == []


def test_what_is_asked_of_the_log_is_what_the_steps_need() -> None:
    assert filters(SPEC, ready(1)) == ["ftg.policy.updated.r.2"]
    of_steps = [
        f"ftg.{topic}.r.{v}" for topic in ("policy.updated", "rewards.ready") for v in (1, 2)
    ]
    assert filters(LAGGING, READY) == filters(LAGGING, updated(1)) == of_steps
    assert filters(FURTHER, AHEAD) == [
        *(f"ftg.policy.updated.r.{version}" for version in (1, 2, 3)),
        *(f"ftg.rewards.ready.r.{version}" for version in (1, 2, 3)),
    ]
    assert filters(FURTHER, updated(2)) == [
        *(f"ftg.policy.updated.r.{version}" for version in (2, 3)),
        *(f"ftg.rewards.ready.r.{version}" for version in (2, 3, 4)),
    ]


def test_what_a_step_lacks_is_counted() -> None:
    """The fact that comes last finds the others, wherever a replica of the log is behind."""
    assert lacking(SPEC, ready(1), history(ready(1))) == []
    assert lacking(LAGGING, READY, history(READY)) == ["ftg.policy.updated.r.1"]
    assert lacking(LAGGING, updated(1), history(updated(1))) == ["ftg.rewards.ready.r.1"]
    assert lacking(FURTHER, AHEAD, history(AHEAD)) == [
        "ftg.policy.updated.r.1",
        "ftg.policy.updated.r.2",
    ]
    assert lacking(FURTHER, updated(2), history(updated(2), AHEAD)) == ["ftg.rewards.ready.r.3"]
