"""The exporter's process: the training, as metrics that are read from the log at each scrape.

With OTEL_EXPORTER_OTLP_ENDPOINT it also sends spans to that collector.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Iterable

import uvloop
from aiohttp import web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from faastraingym.adapters import logs
from faastraingym.adapters.errors import AdapterError, SettingsError
from faastraingym.adapters.nats.broker import Broker, connect
from faastraingym.adapters.nats.observer import NatsObserver
from faastraingym.adapters.processes.otlp_sender import OtlpSender, sender
from faastraingym.adapters.processes.projection import Projection
from faastraingym.adapters.settings import ExporterSettings
from faastraingym.events.telemetry.metrics import Family, broker_up

logger = logging.getLogger(__name__)

KINDS = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
SEND_SECONDS = 2.0


class Exporter:
    """Answers scrapes; connects to the broker when the first one comes, and again as needed."""

    def __init__(self, settings: ExporterSettings, sender: OtlpSender | None = None) -> None:
        self._settings = settings
        self._sender = sender
        self._opened: asyncio.Task[tuple[Broker, Projection]] | None = None

    async def families(self) -> list[Family]:
        """The metrics; while the broker is away only that fact, and no stale numbers."""
        try:
            found = await (await self._projection()).families()
        except AdapterError as error:
            logger.warning("broker away", extra={"why": str(error)})
            found = []
        return [broker_up(bool(found)), *found]

    async def _projection(self) -> Projection:
        """All waiting calls share one attempt to connect."""
        if self._opened is None or (self._opened.done() and self._opened.exception()):
            self._opened = asyncio.create_task(self._open())
        _, projection = await asyncio.shield(self._opened)
        return projection

    async def _open(self) -> tuple[Broker, Projection]:
        found = self._settings
        broker = await connect(found.nats_url, found.nats, "exporter", found.nats_api)
        news = self._sender.take if self._sender else None
        return broker, Projection(NatsObserver(broker), news)

    async def send(self) -> None:
        """Spans to the collector, for ever; without one it only waits."""
        if self._sender is None:
            await asyncio.Event().wait()
        while self._sender:
            try:
                await (await self._projection()).advance()
            except AdapterError as error:
                logger.warning("broker away", extra={"why": str(error)})
            await self._sender.send()
            await asyncio.sleep(SEND_SECONDS)

    async def close(self) -> None:
        """Let go of the broker and the collector."""
        if self._sender is not None:
            self._sender.close()
        if self._opened is not None and self._opened.done() and not self._opened.exception():
            broker, _ = self._opened.result()
            await broker.close()


class _Collected(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """The families as the client library's metrics."""
        for family in self._families:
            metric = KINDS[family.kind](family.name, family.help, labels=family.labels)
            for labels, value in family.rows:
                metric.add_metric(labels, value)
            yield metric


def exposition(families: Iterable[Family], accept: str) -> tuple[bytes, str]:
    """The text, and its type, in the form that the scraper accepts."""
    encode, content_type = choose_encoder(accept)
    return encode(_Collected(families)), content_type


def application(exporter: Exporter) -> web.Application:
    """`/metrics`, and `/healthz`, which shows that this process lives."""

    async def metrics(request: web.Request) -> web.Response:
        text, kind = exposition(await exporter.families(), request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": kind})

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", health)
    return app


async def serve(settings: ExporterSettings, sender: OtlpSender | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    exporter = Exporter(settings, sender)
    sending = asyncio.create_task(exporter.send())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, sending.cancel)
    runner = web.AppRunner(application(exporter), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        logger.info("ready")
        await sending  # it ends by a signal, or by a defect
    except asyncio.CancelledError:
        logger.info("stopped")
    finally:
        sending.cancel()
        await runner.cleanup()
        await exporter.close()


def main() -> None:
    """Run the exporter; exits with one line if its settings or its port are bad."""
    logs.configure("exporter", str(os.getpid()))
    try:
        settings = ExporterSettings.from_environment()
        uvloop.run(serve(settings, sender(os.environ)))
    except (SettingsError, OSError) as error:
        raise SystemExit(f"exporter: {error}") from error


if __name__ == "__main__":
    main()
