"""What is promised, and by what it is seen that a promise was kept."""

import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline import follow_ups
from faastraingym.events.pipeline.planning import plan
from faastraingym.schemas.messages import EvaluatePolicy, Message
from tests.events import facts
from tests.events.facts import history, ready, rollout, specification

SPECS = [specification(rollout={"count": 2, "max_policy_lag": lag}) for lag in (0, 1)]
UPDATES = [plan(spec, facts.policy(0), ready(0)) for spec in SPECS]
EVALUATE = EvaluatePolicy(run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(1))


def test_without_a_lag_nothing_runs_beside_the_update() -> None:
    assert follow_ups.beside(UPDATES[0]) == []


def test_with_a_lag_the_next_rollouts_do_and_go_on_where_its_batch_stopped() -> None:
    """Version 0 acts, version 1 will learn from it."""
    previous = [facts.trajectory(0, index) for index in (0, 1)]
    assert follow_ups.beside(UPDATES[1]) == [rollout(1, i, previous[i], lag=1) for i in (0, 1)]


def test_nothing_is_collected_beside_the_last_update() -> None:
    assert follow_ups.beside(plan(SPECS[1], facts.policy(2), ready(2, lag=1))) == []


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        (facts.STARTED, "rewards.ready.r.0"),
        (rollout(3, 1), "rollout.completed.r.3.1"),
        (rollout(3, 1, lag=1), "rollout.completed.r.3.1"),
        (UPDATES[0], "rewards.ready.r.1"),
        (EVALUATE, "evaluation.completed.r.1"),
        (replace(EVALUATE, piece=2), "episodes.evaluated.r.1.2"),
        # version 1 learns from what version 0 collected: rewards 2 are the first that are its own
        (UPDATES[1], "rewards.ready.r.2"),
    ],
)
def test_a_promise_is_kept_when_what_follows_from_it_was_said(
    message: Message, subject: str
) -> None:
    assert follow_ups.kept(message) == f"ftg.{subject}"


def test_an_evaluation_that_nobody_divided_is_one_command() -> None:
    """As every one was before there were pieces; one that is not due is none."""
    for spec in (SPECS[0], specification(evaluation={"pieces": 1})):
        due = facts.updated(1, evaluate=True)
        assert follow_ups.evaluations(due, spec) == [EVALUATE]
        assert follow_ups.evaluations(facts.updated(1), spec) == []


def test_a_rollout_of_a_batch_that_is_complete_is_needless() -> None:
    said = history(ready(1, lag=1))
    assert follow_ups.is_needless(rollout(1, 0, lag=1), said)
    assert not follow_ups.is_needless(rollout(1, 0, lag=0), history(ready(0)))
    assert not follow_ups.is_needless(rollout(2, 0, lag=1), said)
