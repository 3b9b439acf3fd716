"""The flow agrees with all that is not derived from it: messages, stages, stack.yml."""

import importlib

import pytest

from faastraingym.events.pipeline import flow
from faastraingym.events.topology import stack_file
from faastraingym.schemas import keys
from faastraingym.schemas.export import MESSAGE_TYPES
from faastraingym.schemas.messages import (
    COMMANDS,
    FACTS,
    Origin,
    tag,
)
from tests.checkout import CHECKOUT

STACK = {f.name: f for f in stack_file.functions(stack_file.load(CHECKOUT / "stack.yml", {}))}


def test_each_type_of_message_has_one_line() -> None:
    assert sorted(kind.__name__ for kind in MESSAGE_TYPES) == sorted(
        line.message.__name__ for lines in flow.FLOW.values() for line in lines
    )


def test_each_message_has_a_sender_and_each_command_a_function() -> None:
    for kind in MESSAGE_TYPES:
        assert flow.senders(kind), kind
    for kind in COMMANDS:
        assert flow.receivers(kind), kind


@pytest.mark.parametrize("function", flow.FUNCTIONS)
def test_stack_yml_subscribes_a_function_to_what_the_flow_says(function: str) -> None:
    """As `topic` annotation; what OpenFaaS needs stands in stack.yml, so it is written twice."""
    received = {tag(line.message) for line in flow.LINES.values() if function in line.subscribers}
    assert set(STACK[function].topics) == received


@pytest.mark.parametrize("function", [name for name in flow.FUNCTIONS if name != flow.RECONCILE])
def test_a_stage_accepts_what_comes_to_it_and_what_it_makes_objects_again_from(
    function: str,
) -> None:
    made = {kind for o in flow.OBJECTS.values() for kind in o.made if o.made[kind] == function}
    module = importlib.import_module(f"faastraingym.functions.{function.replace('-', '_')}.handler")
    assert set(module.handle.accepts) == {*flow.received(function), *made}


def test_only_facts_are_subscribed_to_and_complete_what_was_sent() -> None:
    for line in flow.LINES.values():
        assert line.message in FACTS or not line.subscribers
        assert set(line.done) <= set(FACTS)


def test_what_objects_are_made_from_is_what_a_restoration_may_carry() -> None:
    origins = {kind for objects in flow.OBJECTS.values() for kind in objects.made}
    assert origins == set(Origin.__args__)  # type: ignore[attr-defined]


def test_objects_are_where_keys_puts_them() -> None:
    made = (
        keys.manifest("r"),
        keys.trajectory("r", 1, 2),
        keys.rewards("r", 1),
        keys.policy("r", 1),
        keys.learner("r", 1),
        keys.episodes("r", 1, 2),
        keys.evaluation("r", 1),
    )
    assert tuple(keys.place(key).kind for key in made) == flow.RESTORABLE
