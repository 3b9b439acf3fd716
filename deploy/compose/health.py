"""`health.py SERVICE`: exit status 0 when the container's process does its work."""

import sys
import urllib.request

import psutil

NATS_PORT = 4222


def gateway() -> bool:
    """It answers."""
    return _answers(8080)


def exporter() -> bool:
    """It answers."""
    return _answers(9101)


def _answers(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
        return bool(response.status == 200)


def queue_worker() -> bool:
    """It is connected to the broker."""
    connections = psutil.Process(1).net_connections("tcp")
    return any(
        c.status == psutil.CONN_ESTABLISHED and c.raddr.port == NATS_PORT for c in connections
    )


if __name__ == "__main__":
    checks = {"gateway": gateway, "queue-worker": queue_worker, "exporter": exporter}
    sys.exit(not checks[sys.argv[1]]())
