"""The queue-worker's process: events/delivery/worker.py wired to NATS and to the gateway.

It serves the functions of FAASTRAIN_STACK, by default of the installed stack.yml.
"""

import asyncio
import logging
import math
import os
import signal
import time

import uvloop

from faastraingym.adapters import logs
from faastraingym.adapters.errors import Refused, SettingsError, SignatureError
from faastraingym.adapters.http.admission import Asked, verify_request
from faastraingym.adapters.http.callbacks import Call, Callbacks
from faastraingym.adapters.http.client import Broken, HttpClient, Reply, locate
from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.nats.broker import Broker, connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.settings import WorkerSettings
from faastraingym.events.delivery import callback_headers
from faastraingym.events.delivery.answers import OVERTIME, REPLICA
from faastraingym.events.delivery.callbacks import Origin
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import PATH, SIGNATURE, Request
from faastraingym.events.delivery.worker import FunctionWorker
from faastraingym.events.ports import FactLog, Unavailable
from faastraingym.events.topology import stack_file
from faastraingym.events.topology.stack_file import Function
from faastraingym.events.triggers import cron
from faastraingym.events.views.runs import known_runs

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5.0  # beyond a function's own timeout, which the gateway keeps
SETTLE_SECONDS = 3.0  # messages of the broker come first, and runs that are just being started


class Gateway:
    """Invokes functions through the OpenFaaS gateway, and calls back."""

    def __init__(self, url: str, origins: frozenset[Origin] | None = None) -> None:
        self._url = url
        self._callbacks = Callbacks(origins, url)
        address, self._prefix = locate(url)
        self._client = HttpClient(address)

    async def invoke(self, function: Function, request: Request) -> Answer:
        """The function's answer; 503 when there is no answer."""
        target = f"{self._prefix}/function/{function.name}{request.path}"
        target += f"?{request.query}" if request.query else ""
        limit = function.timeout + GRACE_SECONDS
        began = time.perf_counter()
        try:
            async with asyncio.timeout(limit):
                reply = await self._client.request(
                    request.method, target, request.headers.items(), request.body
                )
        except TimeoutError:
            text = f"{function.name}: no answer in {limit:g} s"
            return Answer(504, text.encode(), headers={REPLICA.lower(): OVERTIME})
        except Broken as error:
            return Answer(503, f"{self._url}: {error}".encode())
        except Refused as error:  # no client could send it
            return Answer(400, str(error).encode())
        seconds = time.perf_counter() - began
        return Answer(reply.status, reply.body, _retry_after(reply), seconds, _headers(reply))

    async def call_back(
        self, function: Function, request: Request, answer: Answer, authenticated: bool
    ) -> str:
        """Report an asynchronous invocation's end to its caller; returns why that failed."""
        headers = callback_headers.headers(function.name, request, answer)
        call = Call(str(request.callback), headers, answer.body)
        return await self._callbacks.tell(call, authenticated)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


class KeySeal:
    """The Seal port: signatures with `ftg-signing-key`."""

    def __init__(self, signing_key: bytes) -> None:
        self._key = signing_key

    def sign(self, function: str, body: bytes, key: str = "") -> str:
        """As of now."""
        return sign(self._key, function, body, time.time(), key=key)

    def is_ours(self, function: str, request: Request) -> bool:
        """Whether it was signed with this key; its age is no matter."""
        path = f"{request.path}?{request.query}" if request.query else request.path
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(function, {**headers, PATH: path}, request.body)
        try:
            verify_request(self._key, asked, time.time(), math.inf)
        except SignatureError:
            return False
        return True


def _retry_after(reply: Reply) -> float | None:
    value = reply.header("retry-after")
    return float(value) if value.isascii() and value.isdecimal() else None


def _headers(reply: Reply) -> dict[str, str]:
    """By name in lower case; repeated headers are joined (RFC 9110, section 5.2)."""
    found: dict[str, list[str]] = {}
    for name, value in reply.headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


async def serve(settings: WorkerSettings, functions: list[Function]) -> None:
    """Deliver to `functions` until SIGTERM or SIGINT; then finish what is in flight."""
    broker = await connect(settings.nats_url, settings.nats, "queue-worker", settings.nats_api)
    facts, bus = NatsFactLog(broker), NatsBus(broker)
    gateway = Gateway(settings.gateway_url, settings.callback_origins)
    seal = KeySeal(settings.signing_key)

    async def tick(function: Function) -> None:
        signature = seal.sign(function.name, b"")
        await gateway.invoke(function, Request(headers={SIGNATURE: signature}))

    await ensure_streams(broker)
    workers = [FunctionWorker(f, bus, facts, gateway, seal).run() for f in functions]
    clock = cron.run(functions, tick, lambda: _any_active(facts))
    repairs = _mend(broker, [f for f in functions if f.schedule], tick)
    work = asyncio.gather(clock, repairs, *workers)
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, work.cancel)
    logger.info("ready", extra={"functions": [f.name for f in functions]})
    try:
        await work
    except asyncio.CancelledError:
        logger.info("stopped")
    gateway.close()
    await broker.close()


async def _mend(broker: Broker, scheduled: list[Function], tick: cron.Tick) -> None:
    """At the start, and whenever the broker was away: its store may be an older one, or empty."""
    connected = asyncio.Event()
    connected.set()
    broker.reconnected.add(connected.set)
    while True:
        await connected.wait()
        connected.clear()
        try:
            await ensure_streams(broker)
        except Unavailable as error:
            logger.warning("streams not ensured", extra={"why": str(error)})
            connected.set()
        await asyncio.sleep(SETTLE_SECONDS)
        for function in scheduled:
            await tick(function)


async def _any_active(facts: FactLog) -> bool:
    try:
        return any((await known_runs(facts)).values())
    except Unavailable as error:
        logger.warning("tick skipped", extra={"why": str(error)})
        return False


def main() -> None:
    """Run the queue-worker; exits with one line if its settings or the broker are bad."""
    logs.configure("queue-worker", str(os.getpid()))
    try:
        settings = WorkerSettings.from_environment()
        functions = stack_file.functions(stack_file.load(stack_file.path()))
        uvloop.run(serve(settings, functions))
    except (SettingsError, stack_file.StackError, Unavailable) as error:
        raise SystemExit(f"queue-worker: {error}") from error


if __name__ == "__main__":
    main()
