"""The queue-worker's process: what it says when it cannot begin. The rest is in tests/stack."""

from pathlib import Path

import pytest

from faastraingym.adapters import logs
from faastraingym.adapters.nats import broker
from faastraingym.adapters.processes import queue_worker
from tests.checkout import CHECKOUT
from tests.servers import LOGIN, NatsServer, free_ports


@pytest.fixture
def told(
    tmp_path: Path, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """An environment in which it would begin."""
    (tmp_path / "ftg-signing-key").write_text("key")
    (tmp_path / "ftg-nats-queue-worker").write_text(f"{LOGIN.user}:{LOGIN.password}")
    for name, value in {
        "FTG_SECRETS": str(tmp_path),
        "FTG_NATS_URL": nats_server.url,
        "FTG_NATS_API": "",
        "FTG_GATEWAY_URL": "http://127.0.0.1:8080",
        "FAASTRAIN_STACK": str(CHECKOUT / "stack.yml"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # of all tests
    monkeypatch.setattr(broker, "CONNECT_SECONDS", 1.0)
    return monkeypatch


def refusal() -> str:
    with pytest.raises(SystemExit) as ended:
        queue_worker.main()
    return str(ended.value)


def test_a_broker_that_is_not_there_is_named(told: pytest.MonkeyPatch) -> None:
    url = f"nats://127.0.0.1:{free_ports(1)[0]}"
    told.setenv("FTG_NATS_URL", url)
    assert refusal().startswith(f"queue-worker: NATS at {url} cannot be reached: ")


def test_a_login_that_is_refused_is_named(told: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ftg-nats-queue-worker").write_text("queue-worker:wrong")
    assert "Authorization Violation" in refusal()


def test_a_number_of_replicas_that_no_cluster_keeps_is_named(told: pytest.MonkeyPatch) -> None:
    told.setenv("FTG_NATS_REPLICAS", "2")
    assert refusal() == "queue-worker: FTG_NATS_REPLICAS is '2'; write 1, 3 or 5"
