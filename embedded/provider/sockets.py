"""A replica's socket listens before its process exists: requests wait in it for the start."""

import socket
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.http.client import Address

_LONGEST_PATH = 100  # bytes; Linux takes 107, macOS 103
_BACKLOG = 1024


class Endpoint(NamedTuple):
    """A replica's listening socket and its address."""

    listener: socket.socket
    address: Address

    def close(self) -> None:
        """Forget our copy; the address stays until `remove`."""
        self.listener.close()

    def remove(self) -> None:
        """Remove the address."""
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)


def listen(folder: Path, name: str) -> Endpoint:
    """A Unix socket in `folder`, or loopback TCP where its path is too long; raises OSError."""
    path = folder / f"{name}.sock"
    if len(str(path).encode()) > _LONGEST_PATH:
        listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        return Endpoint(listener, Address("127.0.0.1", listener.getsockname()[1]))
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return Endpoint(listener, Address(path=str(path)))
