"""The Removals port: one suite for the fake and for NatsRemovals on a real nats-server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.removals import NatsRemovals
from faastraingym.adapters.nats.streams import configuration, ensure_streams
from faastraingym.events.pipeline import removal, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.ports import CommandQueue, FactLog, Removals
from faastraingym.events.topology.streams import FACTS
from faastraingym.schemas.messages import RunRemoved, WarmUp, encode
from tests.adapters.facts import cost, new_run, requested, rollout, stopped
from tests.fakes import InMemoryCommandQueue, InMemoryFactLog, InMemoryRemovals
from tests.servers import LOGIN, NatsServer


class Broker(NamedTuple):
    """The port, and how what it removes comes to be there."""

    removals: Removals
    facts: FactLog
    commands: CommandQueue
    settle: Callable[[Invocation], Awaitable[None]]


@pytest.fixture(params=["fake", "nats"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    if request.param == "fake":
        facts, commands = InMemoryFactLog(), InMemoryCommandQueue()

        async def done(command: Invocation) -> None:
            commands.done.add(command.work)

        yield Broker(InMemoryRemovals(facts, commands), facts, commands, done)
        return
    server: NatsServer = request.getfixturevalue("nats_server")
    connection = await connect(server.url, LOGIN)
    await ensure_streams(connection, {})
    bus = NatsBus(connection)

    async def settle(command: Invocation) -> None:
        """As the queue-worker does it."""
        queue = await bus.commands_for(command.function)
        settled = False
        while not settled:
            for delivery in await queue.next(99):
                settled |= delivery.subject == subjects.of_command(command.function, command.work)
                await delivery.ack()
        await queue.close()
        await connection.client.flush()

    yield Broker(NatsRemovals(connection), NatsFactLog(connection), bus, settle)
    await connection.close()


async def test_the_facts_of_a_run_go_and_those_of_others_stay(broker: Broker) -> None:
    """By the filters of a removal: one whose name begins alike is another; what stays, stays."""
    run = new_run()
    other = f"{run}-2"
    for name in (run, other):
        for fact in (requested(name), rollout(name, 0, 0), rollout(name, 1, 3), stopped(name)):
            await broker.facts.publish_once(fact)
    await broker.facts.publish_once(RunRemoved(run=run))
    others = await broker.facts.read(*subjects.of_run(other))
    for subject_filter in removal.filters(run):
        await broker.removals.remove_facts(subject_filter)
    left = await broker.facts.read(*subjects.of_run(run))
    assert [record.fact for record in left] == [RunRemoved(run=run)]
    assert await broker.facts.count(subjects.of_run(run)[1]) == 0
    assert await broker.facts.read(*subjects.of_run(other)) == others


async def test_what_is_not_there_is_removed_as_well(broker: Broker) -> None:
    run = new_run()
    for subject_filter in removal.filters(run):
        await broker.removals.remove_facts(subject_filter)
    await broker.removals.remove_usage(run)
    assert await broker.facts.read(*subjects.of_run(run)) == []


async def test_a_fact_that_went_can_be_said_again(broker: Broker) -> None:
    """So only run.removed keeps a name from being used again."""
    run = new_run()
    await broker.facts.publish_once(requested(run))
    assert not await broker.facts.publish_once(requested(run))
    await broker.removals.remove_facts(subjects.of(requested(run)))
    assert await broker.facts.publish_once(requested(run))


async def test_the_cost_of_a_run_goes(broker: Broker) -> None:
    run, other = new_run(), new_run()
    for name in (run, other):
        await broker.facts.meter(cost(name, "rollout", "1"))
        await broker.facts.meter(cost(name, "evaluate", "2"))
    while len(await broker.facts.usage(other)) < 2:  # the stream takes them without an answer
        pass
    await broker.removals.remove_usage(run)
    assert await broker.facts.usage(run) == []
    assert len(await broker.facts.usage(other)) == 2


async def test_the_commands_of_a_run_are_counted_until_they_are_settled(broker: Broker) -> None:
    """Of every function; the others' are not."""
    run, other = new_run(), new_run()
    assert await broker.removals.unsettled(run) == []
    commands = [Invocation(f"removals-{name}", WarmUp(run=run)) for name in ("a", "b")]
    for command in (*commands, Invocation("removals-a", WarmUp(run=other))):
        assert await broker.commands.invoke(command, encode(command.message), "signature")
    found = await broker.removals.unsettled(run)
    assert len(found) == 2
    (others,) = await broker.removals.unsettled(other)
    assert others not in found
    await broker.settle(commands[1])
    left = await broker.removals.unsettled(run, found)
    while len(left) == 2:  # an ack is not answered
        left = await broker.removals.unsettled(run, found)
    assert left == found[:1]
    await broker.settle(commands[0])
    while left:
        left = await broker.removals.unsettled(run, left)
    assert await broker.removals.unsettled(run) == []


async def test_a_log_lets_facts_be_removed(broker: Broker) -> None:
    assert await broker.removals.allowed()


async def test_a_log_that_an_early_version_made_lets_nobody(
    mortal_nats_server: NatsServer,
) -> None:
    """It goes on as it is, for no server undoes that; whoever wants to remove is told before."""
    connection = await connect(mortal_nats_server.url, LOGIN)
    early = {**configuration(FACTS), "deny_purge": True, "description": "early"}
    await connection.api(f"STREAM.CREATE.{FACTS.name}", early)
    for _ in range(2):
        await ensure_streams(connection, {})
    found = (await connection.info(FACTS.name)).config
    assert (found["deny_purge"], found["description"]) == (True, FACTS.description)
    assert not await NatsRemovals(connection).allowed()
    await connection.close()
