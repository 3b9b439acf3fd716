"""Which runs are known, to the log or only to the store."""

import asyncio

import pytest

from faastraingym.client import runs
from faastraingym.client.errors import BadInput, BeingRestored
from faastraingym.client.world import Connected
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import RUN, SPEC
from tests.client.memory import FakeStreams
from tests.fakes import (
    InMemoryCommandQueue,
    InMemoryDeadLetters,
    InMemoryFactLog,
    InMemoryObjectStore,
    InMemoryRemovals,
)


@pytest.fixture
def stack() -> Connected:
    letters, objects = InMemoryDeadLetters(), InMemoryObjectStore()
    streams, commands, facts = FakeStreams(letters), InMemoryCommandQueue(), InMemoryFactLog()
    removals = InMemoryRemovals(facts, commands)
    return Connected(facts, objects, objects, streams, letters, commands, removals)


async def test_a_run_that_neither_log_nor_store_has_is_unknown(stack: Connected) -> None:
    """Other runs' objects are not its own, nor is a report: no log is made again from that."""
    for key in (keys.manifest("another"), keys.report(RUN), keys.policy(RUN, 3)):
        await stack.objects.put(key, b"")
    assert not await runs.is_known(stack, RUN)
    with pytest.raises(BadInput, match=f"there is no run '{RUN}'"):
        await runs.awaited(stack, RUN, lambda _: None)


@pytest.mark.parametrize("key", [keys.manifest(RUN), keys.log(RUN, 0, 4)])
async def test_a_run_that_the_store_has_is_being_restored(stack: Connected, key: str) -> None:
    """From its manifest or from copies of its facts, whichever is left."""
    await stack.objects.put(key, b"")
    assert await runs.is_known(stack, RUN)
    with pytest.raises(BeingRestored, match=f"the broker has lost run {RUN}"):
        await runs.history(stack, RUN)


async def test_a_run_that_is_being_restored_can_be_waited_for(stack: Connected) -> None:
    """Up to the fact that is said last."""
    await stack.objects.put(keys.manifest(RUN), b"")
    told: list[str] = []
    waiting = asyncio.create_task(runs.awaited(stack, RUN, told.append))
    while not told:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert not waiting.done()
    await stack.facts.publish_once(RunRequested(run=RUN, spec=SPEC))
    assert (await waiting).requested is not None
