"""What is planned, and when nothing is."""

import pytest
from msgspec.structs import replace

from adapters import manifests
from events.commands import Invocation
from events.planning import plan
from events.ports import Services, Unavailable
from functions.plan_update.handler import handle, next_step
from schemas import keys
from schemas.messages import EvaluatePolicy
from tests.events import facts
from tests.events.facts import history, ready, specification, updated
from tests.fakes import InMemoryFactLog, InMemoryObjectStore

SPEC = specification()  # version 3 is the last


def test_rewards_lead_to_an_update() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED)) == [plan(SPEC, facts.policy(1), ready(1))]


def test_what_was_updated_is_not_planned_again() -> None:
    assert next_step(SPEC, ready(1), history(facts.REQUESTED, updated(2))) == []


def test_a_stop_ends_the_leg() -> None:
    said = history(facts.REQUESTED, facts.STOP)
    assert next_step(SPEC, ready(1), said) == [Invocation("conclude-run", facts.STOP)]


async def test_a_resumption_waits_for_the_whole_log() -> None:
    """While facts are said again, from half of them the wrong rollouts would follow."""
    objects = InMemoryObjectStore()
    services = Services(InMemoryFactLog(), objects, objects)
    manifest = await objects.put(keys.manifest(facts.RUN), manifests.dump(facts.RUN, SPEC))
    with pytest.raises(Unavailable, match="is being said again"):
        await handle.handler(replace(facts.resumed(1), manifest=manifest), services)


def test_nothing_is_planned_beyond_a_budget_that_was_set_meanwhile() -> None:
    """Its last version is evaluated instead, for nobody had planned that."""
    said = history(facts.REQUESTED, facts.resumed(1, env_steps=200))
    (evaluate,) = next_step(SPEC, ready(2), said)
    assert evaluate == EvaluatePolicy(
        run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(2)
    )
