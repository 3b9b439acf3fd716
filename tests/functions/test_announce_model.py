"""A promotion goes to the operator's webhooks: taken, tried again, or nobody's."""

from pathlib import Path

import pytest

from faastraingym.adapters.errors import Unavailable
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Services
from faastraingym.functions.announce_model.handler import handle
from faastraingym.functions.conclude_run.handler import handle as conclude
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import InvocationDeadLettered
from tests.callbacks import Receiver, receiver
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.fakes import InMemoryFactLog, InMemoryObjectStore
from tests.servers import free_ports

__all__ = ["receiver"]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    (tmp_path / "ftg-signing-key").write_text("a key")
    monkeypatch.setenv("FTG_SECRETS", str(tmp_path))
    objects = InMemoryObjectStore()
    return Services(InMemoryFactLog(), objects, objects)


async def announced(services: Services) -> None:
    registry = Registry(services.objects, services.bucket)
    await registry.add(A_VERSION)
    await registry.add(A_MOVE)
    assert await handle.handler(await registry.promoted(A_MOVE), services) == []


async def test_every_attempt_has_the_same_id_and_bytes(
    services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTG_WEBHOOKS", f" {receiver.url}/a, {receiver.url}/b ")
    await announced(services)
    await announced(services)
    called = [receiver.called.get_nowait() for _ in range(4)]
    assert sorted(each.path for each in called) == ["/a", "/a", "/b", "/b"]
    assert {each.headers["webhook-id"] for each in called} == {"cartpole@champion/1"}
    assert len({each.body for each in called}) == 1


async def test_without_webhooks_nobody_is_told(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTG_WEBHOOKS", "")
    await announced(services)


async def test_what_was_not_taken_is_tried_again_and_what_is_none_is_not(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("FTG_WEBHOOKS", f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable):
        await announced(services)
    monkeypatch.setenv("FTG_WEBHOOKS", "nowhere")
    with pytest.raises(RunFault, match="FTG_WEBHOOKS: 'nowhere' is no http or https URL; write"):
        await announced(services)


async def test_a_webhook_that_was_given_up_ends_no_run(services: Services) -> None:
    """Nobody waits for a run of the registry's name."""
    letter = InvocationDeadLettered(
        run="models", function="announce-model", call_id="c", attempts=9, status=503, error="away"
    )
    assert await conclude.handler(letter, services) == []
