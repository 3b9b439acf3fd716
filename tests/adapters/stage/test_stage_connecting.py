"""A replica whose broker is away when it starts."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.nats import broker
from faastraingym.adapters.stage.stage import Outgoing, Stage
from faastraingym.events.ports import Services
from faastraingym.schemas.messages import StopRequested, encode
from tests.adapters.stage.test_stage import BODY
from tests.servers import LOGIN, NatsServer

KEY = "a signing key"


@pytest.fixture
def replica(
    mortal_nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    """As the provider starts it, with little patience."""
    secrets = {
        "ftg-signing-key": KEY,
        "ftg-nats-conclude-run": f"{LOGIN.user}:{LOGIN.password}",
        "ftg-s3-conclude-run": "key:secret",
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(value)
    monkeypatch.setattr(broker, "CONNECT_SECONDS", 0.3)
    for name, value in {
        "FTG_NATS_URL": mortal_nats_server.url,
        "FTG_S3_URL": "http://127.0.0.1:1",
        "FTG_FUNCTION": "conclude-run",
        "FTG_SECRETS": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)

    async def handler(message: StopRequested, services: Services) -> Outgoing:
        return []

    return Stage((StopRequested,), handler)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to, one for each attempt."""
    made: list[str] = []
    real = broker.connect

    async def counted(url: str, *how: Any) -> broker.Broker:
        made.append(url)
        return await real(url, *how)

    monkeypatch.setattr(broker, "connect", counted)
    return made


async def test_it_answers_503_until_the_broker_is_there(
    replica: Stage, mortal_nats_server: NatsServer, attempts: list[str]
) -> None:
    """It lives, says why, and works as soon as it can: nobody counts a failure of the function."""
    headers = {"x-ftg-signature": sign(KEY.encode(), "conclude-run", BODY, time.time())}
    mortal_nats_server.kill()
    await replica.start()
    answers = await asyncio.gather(*(replica(BODY, headers) for _ in range(32)))
    assert {status for status, _, _ in answers} == {503}
    assert mortal_nats_server.url in answers[0][2].decode()
    assert len(attempts) == 2  # at the start, and one for all 32
    mortal_nats_server.start()
    status, _, text = await replica(encode(StopRequested(run="demo")), headers)
    assert status == 200, text
    await replica.stop()


async def test_it_stops_though_it_never_was_connected(
    replica: Stage, mortal_nats_server: NatsServer
) -> None:
    """An orderly end, whatever the broker does."""
    mortal_nats_server.kill()
    await replica.start()
    await replica.stop()
