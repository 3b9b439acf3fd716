"""What is promised, and by what it is seen that a promise was kept."""

import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline import follow_ups
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.planning import plan
from faastraingym.schemas.messages import EvaluatePolicy, Message
from tests.events import facts
from tests.events.facts import history, ready, rollout, specification

SPECS = [specification(rollout={"count": 2, "max_policy_lag": lag}) for lag in (0, 1)]
UPDATES = [plan(spec, facts.policy(0), ready(0)) for spec in SPECS]
EVALUATE = EvaluatePolicy(run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(1))


def test_a_slot_goes_on_where_its_rollout_stopped() -> None:
    """A slot that was not in the batch starts afresh."""
    before = facts.trajectory(2, 1)
    assert follow_ups.fan_out(facts.updated(3), SPECS[0], [before]) == [
        rollout(3, 0, None),
        rollout(3, 1, before),
    ]


def test_the_last_version_is_evaluated_and_not_rolled_out() -> None:
    """No rollouts promised, none commanded."""
    last = facts.updated(1, rollouts=0, evaluate=True)
    assert follow_ups.fan_out(last, SPECS[0], []) == [EVALUATE]


def test_each_piece_of_an_evaluation_has_a_command_of_its_own() -> None:
    spec = specification(evaluation={"every": 1, "episodes": 4, "pieces": 3})
    last = facts.updated(1, rollouts=0, evaluate=True)
    pieces = [replace(EVALUATE, piece=piece) for piece in range(3)]
    assert follow_ups.fan_out(last, spec, []) == pieces


def test_with_a_lag_the_step_from_a_new_version_is_planned_by_whoever_knows_its_rewards() -> None:
    """Its rollouts were sent beside the update; of the last version there are none."""
    version = facts.updated(3)
    planned = [Invocation("plan-update", version)]
    assert follow_ups.fan_out(version, SPECS[1], [], lag=1) == planned
    assert follow_ups.fan_out(facts.updated(3, rollouts=0), SPECS[1], [], lag=1) == []


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
        assert follow_ups.evaluation(due, due.policy, spec) == [EVALUATE]
        assert follow_ups.fan_out(facts.updated(1, rollouts=0), spec, []) == []


def test_a_rollout_of_a_batch_that_is_complete_is_needless() -> None:
    said = history(ready(1, lag=1))
    assert follow_ups.is_needless(rollout(1, 0, lag=1), said)
    assert not follow_ups.is_needless(rollout(1, 0, lag=0), history(ready(0)))
    assert not follow_ups.is_needless(rollout(2, 0, lag=1), said)
