"""The exporter on a real nats-server: what it shows is what was said, whenever it began to look."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from faastraingym.adapters.nats.broker import Broker, connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.observer import NatsObserver
from faastraingym.adapters.nats.removals import NatsRemovals
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.processes.exporter import Exporter, exposition
from faastraingym.adapters.processes.projection import Projection
from faastraingym.adapters.settings import ExporterSettings, Login
from faastraingym.events.pipeline import removal
from faastraingym.events.telemetry.metrics import Family
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.topology.streams import DEAD
from faastraingym.schemas.messages import InvocationCompleted, Message, RunCompleted, RunRemoved
from tests.adapters.collectors import Collector, sending
from tests.adapters.facts import new_run
from tests.client.compared import POPULATION
from tests.events.experiments.acting_out import Log, calm
from tests.events.facts import REQUESTED, STARTED, dead, evaluated, policy, ready, updated
from tests.servers import LOGIN, NatsServer, free_ports

OPEN = "application/openmetrics-text"
METERED = InvocationCompleted(
    run="r",
    function="rollout",
    call_id="c",
    replica="r",
    started_at=1.0,
    seconds=2.0,
    memory_mb=512,
    cold_start=True,
    status=200,
)


COMPLETED = RunCompleted(run="r", reason="target", policy=policy(1))


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector()
    runner = await made.start()
    yield made
    await runner.cleanup()


class Bench(NamedTuple):
    """A broker, and a way to fill it."""

    broker: Broker
    log: NatsFactLog
    bus: NatsBus

    def projection(self) -> Projection:
        return Projection(NatsObserver(self.broker))

    async def publish_once(self, run: str, *facts: Message) -> None:
        for fact in facts:
            await self.log.publish_once(replace(fact, run=run))

    async def meter(self, run: str, **fields: object) -> None:
        await self.log.meter(replace(METERED, run=run, **fields))
        await self.broker.client.flush()
        await self.log.usage(run)  # a round trip behind it: it is stored


@pytest.fixture
async def bench(nats_server: NatsServer) -> AsyncIterator[Bench]:
    broker = await connect(nats_server.url, LOGIN)
    await ensure_streams(broker, {})
    yield Bench(broker, NatsFactLog(broker), NatsBus(broker))
    await broker.close()


def value(found: list[Family], name: str, *labels: str) -> float | None:
    """A series' value, if it is there."""
    family = next(f for f in found if f.name == f"faastrain_{name}")
    return dict(family.rows).get(labels)


async def test_a_run_is_followed_from_scrape_to_scrape(bench: Bench) -> None:
    """And whoever begins to look later sees the same."""
    run, early = new_run(), bench.projection()
    assert value(await early.families(), "run_active", run) is None
    await bench.publish_once(run, REQUESTED, STARTED, updated(0))
    await bench.meter(run)
    assert value(await early.families(), "run_versions", run) == 0.0
    await bench.publish_once(run, ready(0, episodes=2), updated(1), evaluated(1, 5.0), dead())
    await bench.meter(run, retried=True)
    for projection in (early, bench.projection()):
        found = await projection.families()
        assert value(found, "run_versions", run) == 1.0
        assert value(found, "run_training_return", run) == 10.0
        assert value(found, "run_evaluation_return", run) == 5.0
        assert value(found, "run_dead_letters", run) == 1.0
        assert value(found, "invocations", run, "rollout", "200") == 2.0
        assert value(found, "gigabyte_seconds", run, "rollout") == 2.0
        assert value(found, "retries", run, "rollout") == 1.0
        assert await projection.families() != []
        assert value(await projection.families(), "invocations", run, "rollout", "200") == 2.0


async def test_a_run_that_was_removed_is_shown_no_more(bench: Bench) -> None:
    """By whoever watched it, though its facts stay for a moment, nor by whoever begins later."""
    run, early = new_run(), bench.projection()
    await bench.publish_once(run, REQUESTED, STARTED, updated(0), COMPLETED)
    await bench.meter(run)
    assert value(await early.families(), "run_active", run) == 0.0
    await bench.publish_once(run, RunRemoved(run=run))
    removals = NatsRemovals(bench.broker)
    for projection in (early, bench.projection()):
        for name in ("run_active", "run_versions"):
            assert value(await projection.families(), name, run) is None
    for subject_filter in removal.filters(run):
        await removals.remove_facts(subject_filter)
    await removals.remove_usage(run)
    for projection in (early, bench.projection()):
        found = await projection.families()
        assert value(found, "run_active", run) is None
        assert value(found, "invocations", run, "rollout", "200") is None


async def test_an_experiment_is_followed_from_scrape_to_scrape(bench: Bench) -> None:
    """By whoever saw its beginning, and by whoever begins to look; a removed one by nobody."""
    name, early = new_run(), bench.projection()
    log = calm(Log(POPULATION), lambda trial, seed, rung: float(trial + seed))
    facts = [replace(record.fact, run=name) for record in log.records]
    assert value(await early.families(), "experiment_active", name) is None
    await bench.publish_once(name, *facts[:1])
    assert value(await early.families(), "experiment_status", name, "requested") == 1.0
    for half in (facts[1:9], facts[9:]):
        await bench.publish_once(name, *half)
        seen, fresh = [
            {f.name: [row for row in f.rows if name in row[0]] for f in await each.families()}
            for each in (early, bench.projection())
        ]
        shown = {key: rows for key, rows in seen.items() if "_experiment_" in key}
        assert shown == {key: rows for key, rows in fresh.items() if "_experiment_" in key}
        assert len(shown) == 9
        assert seen["faastrain_run_status"] == []
    found = await early.families()
    assert value(found, "experiment_trials", name, "completed") == 2.0
    assert value(found, "experiment_gigabyte_seconds", name) == 6.0
    await bench.publish_once(name, RunRemoved(run=name))
    for projection in (early, bench.projection()):
        assert value(await projection.families(), "experiment_active", name) is None


async def test_what_waits_is_counted_and_its_age_is_told(bench: Bench) -> None:
    """Commands and facts apart; what is in hand waits, too, until it is settled."""
    name = new_run()
    commands = await bench.bus.commands_for(name)
    for number in range(3):
        await bench.bus.enqueue(name, b"{}", f"{name}-{number}")
    (taken,) = await commands.next(1)
    found = await bench.projection().families()
    assert value(found, "queue_messages", name, "command", "waiting") == 2.0
    assert value(found, "queue_messages", name, "command", "in_hand") == 1.0
    age = value(found, "queue_oldest_seconds", name, "command")
    assert age is not None
    assert age > 0
    for delivery in (taken, *await commands.next(9)):
        await delivery.ack()
    await bench.broker.client.flush()
    found = await bench.projection().families()
    assert value(found, "queue_oldest_seconds", name, "command") == 0.0
    await commands.close()


async def test_a_facts_age_counts_from_the_first_that_is_not_settled(bench: Bench) -> None:
    """Of the consumer's own topics."""
    name, run = new_run(), new_run()
    received = await bench.bus.facts_for(name, ["run.stalled", "run.requested"])
    await bench.publish_once(run, REQUESTED)
    found = await bench.projection().families()
    age = value(found, "queue_oldest_seconds", name, "fact")
    assert age is not None
    assert age > 0
    while deliveries := await received.next(999):
        for delivery in deliveries:
            await delivery.ack()
        await bench.broker.client.flush()
        if value(await bench.projection().families(), "queue_oldest_seconds", name, "fact") == 0:
            break
    await received.close()


async def test_letters_and_streams_are_counted(bench: Bench) -> None:
    """By function, by stream."""
    name = new_run()
    await bench.bus.give_up(name, b"x")
    found = await bench.projection().families()
    assert value(found, "dead_letters", name) == 1.0
    held = value(found, "stream_messages", DEAD.name)
    assert held is not None
    assert held >= 1


async def test_a_broker_that_was_emptied_is_read_anew(mortal_nats_server: NatsServer) -> None:
    """Nothing is shown that the log does not have."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await ensure_streams(broker, {})
    bench = Bench(broker, NatsFactLog(broker), NatsBus(broker))
    before, after = new_run(), new_run()
    projection = bench.projection()
    await bench.publish_once(before, REQUESTED, STARTED, updated(0))
    assert value(await projection.families(), "run_versions", before) == 0.0
    await broker.api("STREAM.DELETE.FTG_FACTS")
    await ensure_streams(broker, {})
    await bench.publish_once(after, REQUESTED)
    found = await projection.families()
    assert value(found, "run_active", before) is None
    assert value(found, "run_active", after) == 1.0
    await broker.close()


async def test_a_broker_that_is_away_is_told_and_nothing_else() -> None:
    """Numbers of yesterday are no numbers."""
    (port,) = free_ports(1)
    url, login = f"nats://127.0.0.1:{port}", Login("u", "p")
    settings = ExporterSettings(nats_url=url, nats_api="$JS.API", nats=login, host="", port=1)
    found = await Exporter(settings).families()
    assert [(family.name, family.rows) for family in found] == [
        ("faastrain_broker_up", [((), 0.0)])
    ]


async def test_spans_go_to_a_collector_from_the_start_on(
    bench: Bench, nats_server: NatsServer, collector: Collector
) -> None:
    """Invocations as they end, and the run at its end; what was before is not told again."""
    before, run = new_run(), new_run()
    await bench.publish_once(before, REQUESTED, COMPLETED)
    await bench.meter(before, traceparent=str(of_run("other")))
    settings = ExporterSettings(
        nats_url=nats_server.url, nats_api="$JS.API", nats=LOGIN, host="", port=1
    )
    exporter = Exporter(settings, sending(collector))
    await exporter.families()
    await bench.publish_once(run, REQUESTED, STARTED, COMPLETED)
    await bench.meter(run, traceparent=str(of_run("other")))
    going_on = asyncio.create_task(exporter.send())
    names: list[str] = []
    async with asyncio.timeout(30):
        while len(names) < 2:
            await asyncio.sleep(0.05)
            names = [
                span.name
                for _, request in collector.got
                for resource in request.resource_spans
                for span in resource.scope_spans[0].spans
            ]
    going_on.cancel()
    await asyncio.wait([going_on])
    await exporter.close()
    assert sorted(names) == ["rollout", f"run {run}"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("", "text/plain"), (f"{OPEN};version=1.0.0", OPEN)],
)
def test_the_text_is_prometheus(accept: str, kind: str) -> None:
    """In whichever of its forms the scraper asks for; a name with quotes stays one."""
    family = Family("faastrain_x", "counter", "Help.", ("run",), [(('a"b\n',), 3.0)])
    text, content_type = exposition([family], accept)
    assert content_type.startswith(kind)
    if not accept:
        (parsed,) = text_string_to_metric_families(text.decode())
        (sample,) = parsed.samples
        assert (sample.name, sample.labels, sample.value) == (
            "faastrain_x_total",
            {"run": 'a"b\n'},
            3.0,
        )
    assert b"_created" not in text
