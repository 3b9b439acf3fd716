"""What is planned, and when nothing is."""

from events.commands import Invocation
from events.planning import plan
from functions.plan_update.handler import next_step
from schemas.messages import EvaluatePolicy
from tests.events import facts
from tests.events.facts import history, ready, specification, updated

SPEC = specification()  # version 3 is the last


def test_rewards_lead_to_an_update() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED)) == [plan(SPEC, ready(1))]


def test_what_was_updated_is_not_planned_again() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED, updated(2))) == []


def test_a_stop_ends_the_leg() -> None:
    said = history(facts.REQUESTED, facts.STOP)
    assert next_step(SPEC, ready(1), said) == [Invocation("conclude-run", facts.STOP)]


def test_nothing_is_planned_beyond_a_budget_that_was_set_meanwhile() -> None:
    """Its last version is evaluated instead, for nobody had planned that."""
    said = history(facts.REQUESTED, facts.resumed(1, env_steps=200))
    (evaluate,) = next_step(SPEC, ready(2), said)
    assert evaluate == EvaluatePolicy(
        run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(2)
    )
