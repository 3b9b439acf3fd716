"""Ports of a stack: free ones at first, the same ones afterwards while they stay free."""

import random
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from embedded.errors import StackError
from embedded.files import write_private

# Below what systems hand to outgoing connections: those cannot take one of ours meanwhile.
_FIRST, _LAST = 15000, 32000


def choose(file: Path, names: Sequence[str], gaps: dict[str, int]) -> dict[str, int]:
    """A port for each name, remembered in `file`.

    Args:
        file: where the ports of the last time are.
        names: what needs a port.
        gaps: for a name, how far above its port another must be free, which its server takes.

    Raises:
        StackError: no free ports.
    """
    last = msgspec.json.decode(file.read_bytes(), type=dict[str, int]) if file.exists() else {}
    if set(names) == set(last) and all(_usable(last[n], gaps.get(n)) for n in names):
        return last
    ports: dict[str, int] = {}
    for name in names:
        ports[name] = _new(set(ports.values()), gaps.get(name))
    write_private(file, msgspec.json.encode(ports))
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


def _new(taken: set[int], gap: int | None) -> int:
    for _ in range(1000):
        port = random.randrange(_FIRST, _LAST)
        if port not in taken and _usable(port, gap):
            return port
    raise StackError(f"No free port between {_FIRST} and {_LAST} on 127.0.0.1; stop something.")


def _usable(port: int, gap: int | None) -> bool:
    return is_free(port) and (gap is None or is_free(port + gap))
