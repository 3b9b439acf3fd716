"""The exporter's process: the training, as metrics that Prometheus scrapes.

`python -m adapters.exporter`, with FTG_NATS_URL, FTG_NATS_API, FTG_SECRETS (`ftg-nats-exporter`),
FTG_EXPORTER_HOST and FTG_EXPORTER_PORT. It reads when it is scraped, and keeps nothing that the
log does not have.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Iterable

import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters import logs
from adapters.broker import Broker, connect
from adapters.errors import AdapterError, SettingsError
from adapters.nats_observer import NatsObserver
from adapters.projection import Projection
from adapters.settings import ExporterSettings
from events.metrics import Family
from events.ports import Unavailable

logger = logging.getLogger(__name__)

KINDS = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
BROKER_UP = "faastrain_broker_up"


class Exporter:
    """Answers scrapes; connects to the broker when the first one comes, and again as needed."""

    def __init__(self, settings: ExporterSettings) -> None:
        self._settings = settings
        self._connecting: asyncio.Task[Broker] | None = None
        self._projection: Projection | None = None

    async def families(self) -> list[Family]:
        """What is shown; while the broker is away that alone, and no numbers of yesterday."""
        try:
            found = await (await self._connected()).families()
        except (Unavailable, AdapterError) as error:
            logger.warning("broker away", extra={"why": str(error)})
            found = []
        up = [((), float(bool(found)))]
        return [Family(BROKER_UP, "gauge", "Whether the broker answers.", (), up), *found]

    async def _connected(self) -> Projection:
        if self._projection is None:
            login, api = self._settings.nats, self._settings.nats_api
            if self._connecting is None or self._connecting.done():
                self._connecting = asyncio.create_task(
                    connect(self._settings.nats_url, login, "exporter", api)
                )
            broker = await asyncio.shield(self._connecting)
            self._projection = self._projection or Projection(NatsObserver(broker))
        return self._projection

    async def close(self) -> None:
        """Let go of the broker."""
        if self._projection is not None and self._connecting is not None:
            await self._connecting.result().close()


class _Collected(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """In the client library's words."""
        for family in self._families:
            metric = KINDS[family.kind](family.name, family.help, labels=family.labels)
            for labels, value in family.rows:
                metric.add_metric(labels, value)
            yield metric


def exposition(families: Iterable[Family], accept: str) -> tuple[bytes, str]:
    """The text, and its type, in the form that the scraper accepts."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(list(families)))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def application(exporter: Exporter) -> web.Application:
    """`/metrics`, and `/healthz`, which says that this process lives."""

    async def metrics(request: web.Request) -> web.Response:
        text, kind = exposition(await exporter.families(), request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": kind})

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", health)
    return app


async def serve(settings: ExporterSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    exporter = Exporter(settings)
    runner = web.AppRunner(application(exporter), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        logger.info("ready")
        await stop.wait()
    finally:
        await runner.cleanup()
        await exporter.close()


def main() -> None:
    """Run the exporter; exits with one line on what is wrong with its settings, or its port."""
    logs.configure("exporter", str(os.getpid()))
    try:
        uvloop.run(serve(ExporterSettings.from_environment()))
    except (SettingsError, OSError) as error:
        raise SystemExit(f"exporter: {error}") from error


if __name__ == "__main__":
    main()
