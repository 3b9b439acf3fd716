"""What containers are asked: whether they do their work, and whether a restart would mend it."""

import os
import socket
from collections.abc import Iterator

import pytest

from faastraingym.deploy.compose import health
from tests.servers import free_ports


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Somebody who listens where the broker is said to be."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("FTG_NATS_URL", f"nats://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def checks() -> tuple[bool, bool]:
    """Of this process: works, lives."""
    return health.queue_worker(os.getpid()), health.queue_worker_alive(os.getpid())


def test_a_queue_worker_that_is_connected_works(broker: socket.socket) -> None:
    """Whatever the broker's port is."""
    with socket.create_connection(broker.getsockname()):
        assert checks() == (True, True)


def test_a_queue_worker_that_does_not_connect_is_to_be_restarted(broker: socket.socket) -> None:
    assert checks() == (False, False)


def test_a_queue_worker_whose_broker_is_away_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """It connects again by itself; killing it would make it wait longer."""
    monkeypatch.setenv("FTG_NATS_URL", f"nats://127.0.0.1:{free_ports(1)[0]}")
    assert checks() == (False, True)
