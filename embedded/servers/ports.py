"""Ports of a stack: free ones at first, the same ones afterwards while they stay free."""

import os
import random
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import write_private

# Below what systems hand to outgoing connections: those cannot take one of ours meanwhile.
_RANGE = range(15000, 32000)


def of_home(home: Path) -> dict[str, int]:
    """The ports of the last start; none if their file is damaged or not there."""
    file = home / "ports.json"
    with suppress(msgspec.MsgspecError, OSError):
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    return {}


def choose(
    home: Path, names: Sequence[str], gaps: Mapping[str, int], sockets: Mapping[str, str]
) -> dict[str, int]:
    """A port for each name, remembered in the home; raises StackError: none is free.

    `gaps`: for a name, how far above its port its server takes another. `sockets`: for a name, the
    Unix socket that its server makes for the last of its ports, `{}`, where all users write; if it
    is another user's, the port is taken.
    """

    def usable(name: str, port: int) -> bool:
        last = port + gaps.get(name, 0)
        own = sockets.get(name)
        return is_free(port) and is_free(last) and (own is None or _is_vacant(own.format(last)))

    last = of_home(home)
    if set(names) == set(last) and all(usable(name, last[name]) for name in names):
        return last
    ports: dict[str, int] = {}
    taken: set[int] = set()  # those above included
    for name in names:
        for port in random.sample(_RANGE, 1000):
            own = {port, port + gaps.get(name, 0)}
            if taken.isdisjoint(own) and usable(name, port):
                ports[name] = port
                taken |= own
                break
        else:
            where = f"between {_RANGE.start} and {_RANGE.stop} on 127.0.0.1"
            raise StackError(f"No free port {where}; stop something.")
    write_private(home / "ports.json", msgspec.json.encode(ports))
    return ports


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_loopback() -> None:
    """Raise StackError if no server can listen on 127.0.0.1 and be reached there."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), timeout=2.0),
        ):
            return
    except OSError as error:
        raise StackError(
            f"127.0.0.1 cannot be reached ({error.strerror or error}); bring the interface up, "
            "`ip link set lo up`, or check the firewall."
        ) from error


def remove_own(path: str) -> None:
    """Remove what a server of ours left there; what is another user's stays."""
    with suppress(OSError):
        if os.lstat(path).st_uid == os.getuid():
            os.unlink(path)


def _is_vacant(path: str) -> bool:
    remove_own(path)
    return not os.path.lexists(path)
