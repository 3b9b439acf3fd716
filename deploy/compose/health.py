"""`health CHECK`: exit status 0 when the container's process does its work."""

import os
import socket
import sys
import urllib.request
from urllib.parse import urlsplit

import psutil

TIMEOUT_SECONDS = 2.0


def gateway() -> bool:
    """Whether the gateway answers."""
    return _answers(8080)


def exporter() -> bool:
    """Whether the exporter answers."""
    return _answers(9101)


def _answers(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/healthz"
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
        return bool(response.status == 200)


def queue_worker(pid: int = 1) -> bool:
    """Whether the queue-worker is connected to the broker."""
    _, port = _broker()
    connections = psutil.Process(pid).net_connections("tcp")
    return any(c.status == psutil.CONN_ESTABLISHED and c.raddr.port == port for c in connections)


def queue_worker_alive(pid: int = 1) -> bool:
    """Whether it is connected, or no broker listens: a restart would not help then."""
    return queue_worker(pid) or not _listens(_broker())


def _broker() -> tuple[str, int]:
    url = urlsplit(os.environ["FTG_NATS_URL"])
    return url.hostname or "", url.port or 4222


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    checks = (gateway, queue_worker, queue_worker_alive, exporter)
    found = {check.__name__.replace("_", "-"): check for check in checks}
    sys.exit(not found[sys.argv[1]]())
