"""Models go to the operator's webhooks and to MLflow: taken, tried again, or nobody's."""

from pathlib import Path

import pytest

from faastraingym.adapters.http import webhooks
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Services, Unavailable
from faastraingym.functions.announce_model.handler import handle
from faastraingym.functions.conclude_run.handler import handle as conclude
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import InvocationDeadLettered
from tests.callbacks import Receiver, receiver
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.fakes import InMemoryFactLog, InMemoryObjectStore
from tests.mlflow_servers import FakeMlflow
from tests.servers import free_ports

__all__ = ["receiver"]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    webhooks._TAKEN.clear()
    (tmp_path / "ftg-signing-key").write_text("a key")
    monkeypatch.setenv("FTG_SECRETS", str(tmp_path))
    for name in ("FTG_WEBHOOKS", "FTG_MLFLOW"):
        monkeypatch.delenv(name, raising=False)
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
    webhooks._TAKEN.clear()  # another replica
    await announced(services)
    called = [receiver.called.get_nowait() for _ in range(4)]
    assert sorted(each.path for each in called) == ["/a", "/a", "/b", "/b"]
    assert {each.headers["webhook-id"] for each in called} == {"cartpole@champion/1"}
    assert len({each.body for each in called}) == 1


async def test_mlflow_is_told_of_versions_and_of_aliases(
    services: Services, fake_mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTG_MLFLOW", fake_mlflow.url)
    registry = Registry(services.objects, services.bucket)
    await registry.add(A_VERSION)
    registered = await registry.registered(A_VERSION)
    assert await handle.handler(registered, services) == []
    (version,) = fake_mlflow.versions["cartpole"].values()
    assert version["source"] == f"s3://{registered.manifest.bucket}/models/cartpole/objects/" + (
        f"{'a' * 64}.msgpack"
    )
    assert fake_mlflow.models["cartpole"]["aliases"] == []
    await announced(services)
    assert fake_mlflow.models["cartpole"]["aliases"] == [{"alias": "champion", "version": "1"}]


async def test_neither_webhooks_nor_mlflow_wait_for_the_other(
    services: Services,
    receiver: Receiver,
    fake_mlflow: FakeMlflow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is away, or was never an address, has the delivery fail, after the other was told.

    What may be tried again comes first: a target that no attempt can reach ends the delivery.
    """
    (port,) = free_ports(1)
    away = f"http://127.0.0.1:{port}"
    for told, tracking, kind, why in [
        (receiver.url, away, Unavailable, f"^MLflow at 127.0.0.1:{port} is away: "),
        (receiver.url, "sqlite://", RunFault, "^FTG_MLFLOW: 'sqlite://' is no http or https URL; "),
        (away, fake_mlflow.url, Unavailable, "^event cartpole@champion/1: "),
        ("nowhere", fake_mlflow.url, RunFault, "^FTG_WEBHOOKS: "),
        (away, "sqlite://", Unavailable, "^event cartpole@champion/1: "),
        (away, away, Unavailable, "^event cartpole@champion/1: .*; MLflow at "),
    ]:
        monkeypatch.setenv("FTG_WEBHOOKS", told)
        monkeypatch.setenv("FTG_MLFLOW", tracking)
        fake_mlflow.models.clear()
        fake_mlflow.versions.clear()
        with pytest.raises(kind, match=why):
            await announced(services)
        assert receiver.called.qsize() == (told == receiver.url)
        assert bool(fake_mlflow.models) == (tracking == fake_mlflow.url)
        if told == receiver.url:
            receiver.called.get_nowait()
        webhooks._TAKEN.clear()


async def test_without_webhooks_nobody_is_told(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTG_WEBHOOKS", "")
    monkeypatch.setenv("FTG_MLFLOW", "")
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
