"""nats-server and weed as a stack starts them, with a login for every role."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.servers import nats, ports, weed, weed_ports
from faastraingym.embedded.settings import Tls, read
from tests.servers import Server, binary


class Running(NamedTuple):
    """Where they listen, and where their files are."""

    ports: dict[str, int]
    folder: Path


@contextmanager
def servers(logins: Credentials, tls: Tls | None = None) -> Iterator[Running]:
    """While they run."""
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as directory:
        folder = Path(directory)
        names = ["nats", *weed_ports.PORTS]
        numbers = ports.choose(folder, names, weed_ports.GAPS, weed_ports.SOCKETS)
        settings = read(folder, {})._replace(tls=tls)
        broker = nats.command(
            Path(binary("nats-server")), folder / "nats", numbers["nats"], logins, tls
        )
        store = weed.command(
            Path(binary("weed")), folder / "weed", numbers, logins, settings, "http://127.0.0.1:1"
        )
        running = [
            Server(broker, "Server is ready", folder / "nats"),
            Server(
                store,
                "All enabled components",
                folder / "weed",
                HOME=str(folder / "weed"),
                TMPDIR=str(folder / "weed" / weed.TEMPORARY),
            ),
        ]
        try:
            for server in running:
                server.start()
            yield Running(numbers, folder)
        finally:
            for server in running:
                server.kill()
            weed_ports.remove_sockets(numbers)
