"""Spans to a collector over HTTP: sent, kept while it is away, dropped when it refuses them."""

from collections.abc import AsyncIterator

import pytest

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.processes.otlp_sender import MOST_WAITING, sender
from tests.adapters.collectors import Collector, sending
from tests.events.telemetry.test_otlp import ONE


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector()
    runner = await made.start()
    yield made
    await runner.cleanup()


async def test_spans_arrive_with_the_headers_that_were_asked_for(collector: Collector) -> None:
    """A key, as hosted collectors want it, percent-encoded."""
    made = sending(collector, OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20b, x-tenant=t")
    made.take([ONE], [])
    await made.send()
    await made.send()
    ((headers, request),) = collector.got
    assert (headers["x-key"], headers["x-tenant"]) == ("a b", "t")
    assert headers["Content-Type"] == "application/json"
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "rollout collect-rollout"


async def test_many_spans_come_in_several_requests(collector: Collector) -> None:
    """None is lost, none is sent twice."""
    made = sending(collector)
    made.take([ONE] * 600, [])
    await made.send()
    spans = [len(r.resource_spans[0].scope_spans[0].spans) for _, r in collector.got]
    assert (len(spans), sum(spans)) == (3, 1800)


async def test_while_it_is_busy_spans_wait(collector: Collector) -> None:
    """And go when it is not."""
    made = sending(collector)
    collector.answers = [503, 429]
    made.take([ONE], [])
    for _ in range(3):
        await made.send()
    assert len(collector.got) == 1


async def test_what_it_refuses_holds_up_nothing(collector: Collector) -> None:
    """It is dropped, and told in the log."""
    made = sending(collector)
    collector.answers = [400]
    made.take([ONE], [])
    made.take([ONE], [])
    await made.send()
    assert len(collector.got) == 1


async def test_while_it_is_away_the_newest_are_kept() -> None:
    """So much, and no more."""
    collector = Collector()
    made = sending(collector)
    for _ in range(MOST_WAITING + 5):
        made.take([ONE], [])
    await made.send()
    runner = await collector.start()
    await made.send()
    assert len(collector.got) == MOST_WAITING
    await runner.cleanup()


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    """By OpenTelemetry's own variables."""
    assert sender({}) is None


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://collector"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "novalue"},
    ],
)
def test_variables_that_cannot_be_used_are_told(environment: dict[str, str]) -> None:
    """By their names."""
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_"):
        sender(environment)
