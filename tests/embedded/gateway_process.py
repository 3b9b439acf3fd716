"""The gateway as `faastrain up` starts it: a process of its own, with functions deployed."""

import base64
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.embedded.files import private_folder, write_private
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS, PASSWORD, deployment
from tests.servers import LOGIN, PATIENCE, NatsServer, free_ports

BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
SECRETS = {
    "ftg-nats-gateway": f"{LOGIN.user}:{LOGIN.password}",
    "ftg-signing-key": "signs-in-this-test-only",
    "ftg-trigger-token": "shown-in-this-test-only",
    "ftg-caller-tokens": "tester shown-by-a-caller-in-this-test-only",
}
DEPLOYED = ("echo", "chatter", "dump")  # they answer whatever they are sent


class GatewayProcess:
    """Where it listens, and its process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, log: list[str]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._process = psutil.Process(process.pid)

    def memory(self) -> int:
        """Resident bytes of the gateway alone, without replicas."""
        return int(self._process.memory_info().rss)

    def running(self) -> bool:
        return bool(self._process.is_running())

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One exchange, with the password."""
        headers = {"Authorization": BASIC}
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20.0) as answer:  # noqa: S310
            return answer.status, answer.read()


@contextmanager
def gateway_process(
    nats: NatsServer, settings: Mapping[str, str] | None = None, server: str = "gateway"
) -> Iterator[GatewayProcess]:
    """A gateway, or a provider alone, with the functions for tests deployed, at zero replicas."""
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as folder:
        home, (port, provider) = private_folder(Path(folder)), free_ports(2)
        write_private(home / "gateway-password", PASSWORD.encode())
        for name, value in SECRETS.items():
            write_private(private_folder(home / "secrets") / name, value.encode())
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "FAASTRAIN_HOME": folder,
            "FAASTRAIN_ROOT": str(FUNCTIONS),
            "FTG_LISTEN_PORT": str(port),
            "FTG_PROVIDER_PORT": str(provider),
            "FTG_NATS_URL": nats.url,
            "FTG_NATS_API": "$JS.API",
            "FTG_S3_URL": "http://127.0.0.1:1",
            "FTG_BUCKET": "none",
            "FTG_GATEWAY_URL": f"http://127.0.0.1:{port}",
            **(settings or {}),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", f"faastraingym.embedded.{server}_process"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            listens = port if server == "gateway" else provider
            yield _deployed(GatewayProcess(process, listens, _started(process)))
        finally:
            process.terminate()
            process.wait(20.0)


async def prepare(nats: NatsServer) -> None:
    """The streams that asynchronous invocations go to."""
    broker = await connect(nats.url, LOGIN, "tests")
    await ensure_streams(broker, {})
    await broker.close()


def _started(process: "subprocess.Popen[str]") -> list[str]:
    """Returns when it is ready; its lines go on being collected."""
    log: list[str] = []
    ready = threading.Event()

    def collect() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            log.append(line)
            if re.match("(gateway|provider) ready", line):
                ready.set()
        ready.set()

    threading.Thread(target=collect, daemon=True).start()
    assert ready.wait(PATIENCE)
    assert process.poll() is None, log
    return log


def _deployed(gateway: GatewayProcess) -> GatewayProcess:
    for name in DEPLOYED:
        body = msgspec.json.encode(deployment(name, high=2))
        assert gateway.request("POST", "/system/functions", body)[0] == 202
    return gateway
