"""A collector of spans, for tests."""

from typing import Any

from aiohttp import web

from faastraingym.adapters.processes.otlp_sender import OtlpSender, sender
from tests.events.telemetry.test_otlp import read
from tests.servers import free_ports


class Collector:
    """Answers as it is told to, then 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], Any]] = []
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"

    async def take(self, request: web.Request) -> web.Response:
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.got.append((dict(request.headers), read(await request.json())))
        return web.Response(status=status, text="{}", content_type="application/json")

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/traces", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner


def sending(collector: Collector, **more: str) -> OtlpSender:
    made = sender({"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/", **more})
    assert made is not None
    return made
