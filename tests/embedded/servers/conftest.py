"""The real servers as the embedded stack configures them, with a login for every role."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from embedded import credentials
from embedded.credentials import Credentials
from embedded.servers import nats, weed
from embedded.settings import read
from events.roles import ROLES
from tests.servers import Server, binary, free_ports

BUCKET = "faastraingym"


class Servers(NamedTuple):
    """Where they are, and who may come in."""

    nats_url: str
    s3_url: str
    filer_url: str
    logins: Credentials


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """nats-server and weed; `ping` is a function that roles.py does not know."""
    logins = credentials.generate([*ROLES, "ping"])
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as directory:
        folder = Path(directory)
        (port,) = free_ports(1)
        ports = dict(zip(weed.PORTS, free_ports(len(weed.PORTS)), strict=True))
        ports["weed-admin"] = 20_000 + ports["weed-admin"] % 10_000  # its gRPC is 10,000 above
        broker = nats.command(Path(binary("nats-server")), folder / "nats", port, logins)
        store = weed.command(Path(binary("weed")), folder / "weed", ports, logins, read(folder, {}))
        running = [
            Server(broker, "Server is ready", folder / "nats"),
            Server(store, "All enabled components", folder / "weed"),
        ]
        try:
            for server in running:
                server.start()
            s3, filer = (f"http://127.0.0.1:{ports[f'weed-{plane}']}" for plane in ("s3", "filer"))
            yield Servers(f"nats://127.0.0.1:{port}", s3, filer, logins)
        finally:
            for server in running:
                server.kill()
