"""Roles as data: what can be said of them without a server."""

from pathlib import Path

import pytest

from events import roles, streams
from events.roles import ANY, GATEWAY, PROCESSES, QUEUE_WORKER, ROLES, SUPERVISOR
from events.roles_table import table

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
FUNCTIONS = [name for name in ROLES if name not in PROCESSES]


def test_the_documented_table_is_this_one() -> None:
    """`python -m events.roles_table` prints the new one."""
    assert table() in DOCS.read_text()


def test_a_function_that_is_not_ours_may_read_and_meter_itself() -> None:
    """It says nothing and writes nothing."""
    unknown = roles.of("ping")
    assert unknown.sends == ("ftg-usage.*.ping",)
    assert (unknown.says, unknown.writes, unknown.deletes) == ((), (), ())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_neither_queues_nor_settles_nor_makes_streams(name: str) -> None:
    """Commands go through the gateway, deliveries through the queue-worker."""
    role = roles.of(name)
    assert [subject.partition(".")[0] for subject in role.sends] == ["ftg-usage"]
    assert not [verb for verb in role.asks if "CREATE" in verb or "CONSUMER" in verb]
    assert not [verb for verb in role.asks if streams.ASYNC.name in verb]
    assert role.says == (ANY,) if name == "reconcile" else ANY not in role.says


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
