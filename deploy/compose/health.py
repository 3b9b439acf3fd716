"""`health.py gateway|queue-worker`: exit status 0 when the container's process does its work."""

import sys
import urllib.request

import psutil

NATS_PORT = 4222


def gateway() -> bool:
    """It answers."""
    with urllib.request.urlopen("http://127.0.0.1:8080/healthz", timeout=2) as response:
        return bool(response.status == 200)


def queue_worker() -> bool:
    """It is connected to the broker."""
    connections = psutil.Process(1).net_connections("tcp")
    return any(
        c.status == psutil.CONN_ESTABLISHED and c.raddr.port == NATS_PORT for c in connections
    )


if __name__ == "__main__":
    sys.exit(not {"gateway": gateway, "queue-worker": queue_worker}[sys.argv[1]]())
