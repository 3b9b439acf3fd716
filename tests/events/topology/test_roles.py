"""Roles as data: what can be said of them without a server."""

from itertools import permutations
from pathlib import Path

import pytest

from faastraingym.events.export import tables
from faastraingym.events.pipeline import flow
from faastraingym.events.topology import roles, streams
from faastraingym.events.topology.roles import (
    ANY,
    GATEWAY,
    PROCESSES,
    QUEUE_WORKER,
    ROLES,
    SUPERVISOR,
)
from tests.fakes import matches

DOCS = Path(__file__).parents[3] / "docs" / "security.md"
FUNCTIONS = [name for name in ROLES if name not in PROCESSES]


def test_the_documented_table_is_this_one() -> None:
    """`python -m faastraingym.deploy.generated` writes it."""
    assert tables.roles() in DOCS.read_text()


def test_a_function_that_is_not_ours_may_read_and_meter_itself() -> None:
    """It says nothing and writes nothing."""
    unknown = roles.of("ping")
    assert unknown.sends == ("ftg-usage.*.ping",)
    assert (unknown.says, unknown.writes, unknown.deletes) == ((), (), ())


@pytest.mark.parametrize("name", ROLES)
def test_no_subject_is_sent_by_two_rights(name: str) -> None:
    """The broker would store one message twice: each right is an import of the streams' account."""
    pairs = permutations(roles.of(name).sends, 2)
    assert [(one, other) for one, other in pairs if matches(one, other)] == []


@pytest.mark.parametrize("name", flow.ANSWERING)
def test_a_function_that_answers_callers_sends_nothing_but_its_cost(name: str) -> None:
    """A caller's environment runs in it."""
    role = roles.of(name)
    assert (role.sends, role.says) == ((f"ftg-usage.*.{name}",), ())


@pytest.mark.parametrize("name", flow.FUNCTIONS)
def test_a_function_neither_settles_nor_makes_streams(name: str) -> None:
    """Deliveries go through the queue-worker."""
    role = roles.of(name)
    assert {subject.partition(".")[0] for subject in role.sends} == {"ftg-usage", "ftg-command"}
    assert not [verb for verb in role.asks if "CREATE" in verb or "CONSUMER" in verb]
    assert not [verb for verb in role.asks if streams.ASYNC.name in verb]
    assert role.says == (ANY,) if name == "reconcile" else ANY not in role.says


PROMISED = {  # what a stage sends besides asking for what is lost
    "start-run": {"plan-update", "conclude-run"},
    "plan-update": {"plan-update", "conclude-run"},
    "update-policy": {"plan-update"},
}


@pytest.mark.parametrize("name", [name for name in flow.FUNCTIONS if name != "reconcile"])
def test_a_function_commands_makers_and_whom_it_has_work_for(name: str) -> None:
    """Nobody commands reconcile, and none but reconcile commands whomever it likes."""
    commanded = {s.split(".")[1] for s in roles.of(name).sends if s.startswith("ftg-command.")}
    assert commanded == set(flow.MAKERS) | PROMISED.get(name, set())


def test_who_makes_objects_may_be_asked_to_make_them_again() -> None:
    """All that a run's lineage knows how to make (events/pipeline/lineage.py)."""
    kinds = ("manifest", "trajectories", "rewards", "policies", "learner", "evaluations")
    writers = {
        name
        for name in FUNCTIONS
        for pattern in roles.of(name).writes
        if any(f"/{kind}" in pattern for kind in kinds)
    }
    assert writers == set(flow.MAKERS)


def test_the_store_is_no_business_of_those_who_deliver() -> None:
    """They get no login of it."""
    assert not roles.of(GATEWAY).stores
    assert not roles.of(QUEUE_WORKER).stores
    assert roles.of(SUPERVISOR).stores


def test_no_two_functions_write_the_same_kind_of_object_but_two_kinds() -> None:
    """Whoever owns a kind alone may be asked to make it again.

    Of an evaluation the number of its pieces says who made it; copies of the log are made by nobody
    again.
    """
    writes = [pattern for name in FUNCTIONS for pattern in roles.of(name).writes]
    assert {pattern for pattern in writes if writes.count(pattern) > 1} == {
        "runs/*/evaluations/*",
        "runs/*/log/*",
    }
