"""The real MinIO, alone and with whom it tells of new objects."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faastraingym.adapters.settings import Login
from tests.conformance.programs import program
from tests.servers import LOGIN, Server, free_ports, running

TARGET = "FAASTRAIN"  # in its targets' names and ARNs


class MinioServer(Server):
    """MinIO on a directory; its owner is everybody's login."""

    def __init__(self, directory: Path) -> None:
        (port,) = free_ports(1)
        address = f"127.0.0.1:{port}"
        self.url = f"http://{address}"
        command = [program("minio"), "server", "--address", address, str(directory / "data")]
        super().__init__(
            command,
            "API: http",
            directory,
            MINIO_ROOT_USER=LOGIN.user,
            MINIO_ROOT_PASSWORD=LOGIN.password,
            MINIO_BROWSER="off",
            MINIO_UPDATE="off",
        )

    def tells_webhook(self, endpoint: str, token: str) -> None:
        """From its next start, it can tell a function; the ARN ends in `webhook`."""
        self._target("WEBHOOK", ENDPOINT=endpoint, AUTH_TOKEN=token)

    def tells_nats(self, address: str, login: Login, subject: str) -> None:
        """From its next start, it can publish to JetStream; the ARN ends in `nats`."""
        self._target(
            "NATS",
            ADDRESS=address,
            USERNAME=login.user,
            PASSWORD=login.password,
            SUBJECT=subject,
            JETSTREAM="on",
        )

    def _target(self, kind: str, **settings: str) -> None:
        settings |= {"ENABLE": "on", "QUEUE_DIR": str(self.directory / "events")}
        for name, value in settings.items():
            self.environment[f"MINIO_NOTIFY_{kind}_{name}_{TARGET}"] = value


@pytest.fixture(scope="session")
def minio_server() -> Iterator[MinioServer]:
    """One MinIO for all tests; each uses keys of its own."""
    yield from running(MinioServer)
