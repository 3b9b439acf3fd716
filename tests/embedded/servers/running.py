"""nats-server and weed as a stack starts them, with a login for every role."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.credentials import Credentials
from embedded.servers import nats, ports, weed
from embedded.settings import Tls, read
from tests.servers import Server, binary


@contextmanager
def servers(logins: Credentials, tls: Tls | None = None) -> Iterator[dict[str, int]]:
    """Their ports while they run."""
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as directory:
        folder = Path(directory)
        numbers = ports.choose(folder / "ports.json", ["nats", *weed.PORTS], weed.GAPS)
        settings = read(folder, {})._replace(tls=tls)
        broker = nats.command(
            Path(binary("nats-server")), folder / "nats", numbers["nats"], logins, tls
        )
        store = weed.command(
            Path(binary("weed")), folder / "weed", numbers, logins, settings, "http://127.0.0.1:1"
        )
        running = [
            Server(broker, "Server is ready", folder / "nats"),
            Server(store, "All enabled components", folder / "weed"),
        ]
        try:
            for server in running:
                server.start()
            yield numbers
        finally:
            for server in running:
                server.kill()
