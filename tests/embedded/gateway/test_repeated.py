"""Which asynchronous calls are one call, by a gateway's part on a real nats-server."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from time import time
from typing import NamedTuple

import msgspec
import pytest

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.embedded.contract.messages import FunctionStatus, Request
from faastraingym.embedded.files import write_private
from faastraingym.embedded.gateway.async_admission import AsyncAdmission, Keys
from faastraingym.embedded.gateway.invoke import Invocations
from faastraingym.embedded.gateway.metrics import Metrics
from faastraingym.events.delivery.callbacks import Policy, origins
from faastraingym.events.delivery.requests import from_queue
from faastraingym.events.topology.streams import ASYNC, OPEN
from tests.adapters.nats.test_bus_contract import new_function, take
from tests.embedded.gateway.test_async_admission import KEY, TOKEN
from tests.servers import LOGIN, NatsServer

CI = "https://ci.example.com/told"
SAME: dict[str, str] = {}
OTHERS: list[tuple[str, dict[str, str]]] = [
    ("other path", {"path": "/b"}),
    ("longer path", {"path": "/a/"}),
    ("other query", {"path": "/a?x=2"}),
    ("no query", {"path": "/a"}),
    ("callback", {"X-Callback-Url": CI}),
    ("other callback", {"X-Callback-Url": CI + "?b"}),
    ("other body", {"body": "ho"}),
    ("other method", {"method": "PUT"}),
    ("other id", {"X-Call-Id": "two"}),
    ("an id that is no token", {"X-Call-Id": "a.b.*.>"}),
]


class Functions:
    """A provider of functions that admit anybody."""

    async def function(self, name: str, usage: bool = False) -> FunctionStatus:
        return FunctionStatus(name=name, image="x")


class Bench(NamedTuple):
    """A gateway's part behind its HTTP, and its broker."""

    broker: Broker
    invocations: Invocations

    async def post(self, function: str, asked: Mapping[str, str], known: bool = True) -> int:
        told = {"path": "/a?x=1", "body": "hi", "method": "POST", "X-Call-Id": "one", **asked}
        path, body, method = (told.pop(name) for name in ("path", "body", "method"))
        if known:
            told["X-Ftg-Signature"] = sign(KEY, function, body.encode(), time(), path=path)
        call = Request(method, path, list(told.items()), body.encode())
        return (await self.invocations.later(function, call, "gateway")).status


@pytest.fixture
async def bench(nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Bench]:
    write_private(tmp_path / "ftg-signing-key", KEY)
    write_private(tmp_path / "ftg-trigger-token", TOKEN)
    write_private(tmp_path / "ftg-caller-tokens", b"tester a-token-of-a-caller")
    broker = await connect(nats_server.url, LOGIN)
    await ensure_streams(broker, {})
    async_admission = AsyncAdmission(Keys(tmp_path), Policy(origins("https://ci.example.com")))
    queue = NatsBus(broker)
    yield Bench(broker, Invocations(Functions(), queue, Metrics(), async_admission))  # type: ignore[arg-type]
    await broker.close()


async def count(broker: Broker) -> int:
    infos = [await broker.api(f"STREAM.INFO.{stream.name}") for stream in (ASYNC, OPEN)]
    return sum(msgspec.json.decode(info)["state"]["messages"] for info in infos)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("other", [other for _, other in OTHERS], ids=[name for name, _ in OTHERS])
async def test_calls_that_differ_are_all_queued(
    bench: Bench, other: dict[str, str], known: bool
) -> None:
    """Under one call id, as a chain of functions hands it down; a repeated one is queued once."""
    function, before = new_function(), await count(bench.broker)
    for asked in (SAME, other, SAME, other):
        assert await bench.post(function, asked, known) == 202
    assert await count(bench.broker) == before + 2


async def test_all_that_was_asked_is_delivered(bench: Bench) -> None:
    """Path, query, callback and method of each."""
    function = new_function()
    calls = [{"X-Callback-Url": CI}, {"X-Callback-Url": CI, "path": "/b?y"}]
    for asked in calls:
        assert await bench.post(function, asked) == 202
    taken = await take(await NatsBus(bench.broker).commands_for(function), 2)
    found = [from_queue(delivery.data) for delivery in taken]
    assert [(r.path, r.query, r.callback) for r in found] == [("/a", "x=1", CI), ("/b", "y", CI)]
