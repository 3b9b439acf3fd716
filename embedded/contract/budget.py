"""The budget of a process's connections: memory and disk for bodies, and their own number.

The first 64 KiB of every body are its connection's own, so a flood of large bodies hinders no small
one.
"""

import asyncio
import ctypes
import gc
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from faastraingym.adapters import disk
from faastraingym.embedded.errors import ProviderError

OWN = 64 << 10  # bytes of a body that every connection may hold in memory
# For bodies between OWN and the largest message: 256 of those at once.
MEMORY = 64 << 20
# For all bodies that are longer, or of unknown length: 32 of the largest bodies at once.
DISK = 512 << 20
# OWN for each is 128 MiB; a gateway's pipeline has some hundred in flight.
CONNECTIONS = 2048
DESCRIPTORS = 4  # that one connection may take: its own, a replica's, two files
REASONS = ("bodies", "connections", "disk")  # for which a request is refused
CROWD = 64  # connections: of fewer, what is left behind is not worth a search
TRIM_SECONDS = 10.0  # at most so often, for it takes some ten milliseconds
# Whose refused bodies are read to their end at once, as most clients need before they read an
# answer; the others wait, which costs us nothing: a flood would keep us busy reading.
DRAINING = 32
PATIENCE = 1.0  # seconds that a client may take before its connection can be another's
RETRY_SECONDS = 5  # a body is there or refused after 30 s; some are at any time


class Connected(Protocol):
    """A connection, served by aiohttp or by the fast path."""

    def abort(self) -> None:
        """Close it now."""


class Budget:
    """The resources in use now, and their limits."""

    def __init__(
        self,
        folder: Path | None = None,
        memory: int = MEMORY,
        spool: int = DISK,
        connections: int = CONNECTIONS,
    ) -> None:
        self.folder = folder  # of the files; None: the system's for temporary ones
        self.memory = 0  # bytes of bodies in memory
        self.shared = 0  # of them, those of bodies longer than OWN
        self._spooled = 0  # bytes of bodies in files, and what of them was given back since
        self._unspooled: deque[int] = deque()
        self.open: WeakSet[object] = WeakSet()  # connections
        # Of them, those whose client is to send or to read, and since when: monotonic seconds.
        self._waiting: dict[Connected, float] = {}  # the longest so comes first
        self.draining: WeakSet[object] = WeakSet()  # of them, whose refused bodies are read
        self.on_refusal: Callable[[str], None] = lambda reason: None
        # Writes and closes files in order: a slow disk delays only its users.
        self.writer = ThreadPoolExecutor(1, "bodies")
        self._trim: asyncio.TimerHandle | None = None
        self.most_connections = connections
        self._most_shared, self._most_spooled = memory, spool

    def has_memory(self, size: int) -> bool:
        """Whether bodies longer than OWN may take that much more."""
        return self.shared + size <= self._most_shared

    @property
    def spooled(self) -> int:
        """Bytes of bodies in files."""
        while self._unspooled:
            self._spooled -= self._unspooled.popleft()
        return self._spooled

    def unspool(self, size: int) -> None:
        """Give that much of the disk back; from any thread, and within anything."""
        self._unspooled.append(size)

    def spool(self, size: int) -> None:
        """Take that much of the disk; raises ProviderError: 503, others have it."""
        if self.spooled + size > self._most_spooled:
            text = f"Bodies fill the {self._most_spooled >> 20} MiB that all share."
            raise self.refused("bodies", text)
        self._spooled += size

    def check_disk(self) -> None:
        """Raise ProviderError, 503, where the disk has no room: broker and store need it, too."""
        if self.folder and (trouble := disk.space(self.folder).trouble):
            raise self.refused("disk", f"The body cannot be kept: {trouble}.")

    def enter(self, connection: Connected) -> None:
        """A connection began, and its client is to send a request."""
        self.open.add(connection)
        self._waiting[connection] = time.monotonic()

    def begin(self, connection: Connected) -> None:
        """Its request is whole, and is being answered."""
        self._waiting.pop(connection, None)

    def end(self, connection: Connected) -> None:
        """The request was answered: the client is to read, or to send the next one."""
        if connection in self.open:
            self._waiting[connection] = time.monotonic()

    def has_place(self) -> bool:
        """Whether a new connection has a place: its own, or that of the longest waiting client.

        No client loses its place within PATIENCE: those that came in the same crowd are still
        unread.
        """
        if len(self.open) < self.most_connections:
            return True
        longest, since = next(iter(self._waiting.items()), (None, 0.0))
        if longest is None or time.monotonic() - since < PATIENCE:
            return False
        self.on_refusal("connections")
        self.leave(longest)
        longest.abort()
        return True

    def leave(self, connection: Connected) -> None:
        """A connection ended; what a crowd held goes back to the machine soon."""
        is_crowd = len(self.open) > CROWD
        self.open.discard(connection)
        self._waiting.pop(connection, None)
        self.draining.discard(connection)
        if is_crowd and self._trim is None:
            self._trim = asyncio.get_running_loop().call_later(TRIM_SECONDS, self._give_back)

    def _give_back(self) -> None:
        """Free memory to the machine: glibc keeps what lies below anything that is in use."""
        self._trim = None
        gc.collect()  # protocols, parsers and tasks hold each other
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)

    def refused(self, reason: str, text: str) -> ProviderError:
        """503, counted."""
        self.on_refusal(reason)
        return ProviderError(503, f"{text} Try again.", retry_after=RETRY_SECONDS)
