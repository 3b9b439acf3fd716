"""Packages' environments run in processes of their own, one for each set of packages.

Two versions of a module cannot be imported side by side, and no import can be undone. So a replica
whose run names packages hands the request, as it is, to a child that is started as the replica was:
it serves the same function, with the packages' folders first on its path. What ends a child ends
the replica, too, in the same way: so both are reported, retried and charged as ever.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.http.client import Address, Broken, HttpClient, Reply

FOLDERS = "FTG_PACKAGES"  # a child's packages, by the path separator
LEASH = "FTG_LEASH"  # a child's descriptor that ends when its parent does
LISTENER = "FTG_LISTEN_FD"  # the template's index.py serves there
MOST = 2  # children of a replica; each is as large as a replica of its own
PATIENCE = 2.0  # seconds from a broken connection to the end of a child
IDLE = 12 * 3600.0  # seconds that an idle connection to a child is kept


class Child(NamedTuple):
    """A process that serves a set of packages."""

    process: asyncio.subprocess.Process
    client: HttpClient
    place: Path  # of its socket
    leash: int  # our end
    outlived: "asyncio.Task[None]"  # ends the replica with it


class Children:
    """The children of one replica.

    Args:
        command: how the replica itself was started.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = command or [sys.executable, *sys.orig_argv[1:]]
        self._children: OrderedDict[tuple[str, ...], asyncio.Task[Child]] = OrderedDict()
        self._told_to_end: set[int] = set()  # processes

    async def serve(
        self, folders: Sequence[str], body: bytes, headers: Mapping[str, str], path: str = "/"
    ) -> Reply:
        """The answer of the child that has imported these packages.

        Raises:
            Broken: it died; so does this replica.
        """
        key = tuple(folders)
        if key not in self._children:
            self._children[key] = asyncio.create_task(self._spawn(key))
        self._children.move_to_end(key)
        child = await asyncio.shield(self._children[key])
        while len(self._children) > MOST:
            _, oldest = self._children.popitem(last=False)
            await self._end(await oldest)
        sent = [(name, value) for name, value in headers.items() if not name.startswith(":")]
        kept = [pair for pair in sent if pair[0].lower() not in ("host", "content-length")]
        try:
            return await child.client.request("POST", path, kept, body)
        except Broken:
            with suppress(TimeoutError):  # it is on its way, and we with it
                await asyncio.wait_for(asyncio.shield(child.outlived), PATIENCE)
            raise

    async def close(self) -> None:
        """End them all; each answers first what it was asked."""
        for started in self._children.values():
            await self._end(await started)
        self._children.clear()

    async def _spawn(self, folders: tuple[str, ...]) -> Child:
        # not below TMPDIR: a socket's path has at most 107 bytes; functions may write here
        place = Path(tempfile.mkdtemp(prefix="ftg-child-", dir="/tmp")) / "s"
        listener = socket.socket(socket.AF_UNIX)
        theirs, ours = os.pipe()
        with listener:
            listener.bind(str(place))
            listener.listen(16)
            descriptor = listener.fileno()
            variables = {LISTENER: str(descriptor), LEASH: str(theirs)}
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env={**os.environ, **variables, FOLDERS: os.pathsep.join(folders)},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[descriptor, theirs],
            )
        os.close(theirs)
        outlived = asyncio.create_task(self._outlive(process))
        return Child(process, HttpClient(Address(path=str(place)), IDLE), place, ours, outlived)

    async def _outlive(self, process: asyncio.subprocess.Process) -> None:
        """End as the child did, unless it was told to."""
        code = await process.wait()
        if process.pid not in self._told_to_end:
            end_as(code)

    async def _end(self, child: Child) -> None:
        self._told_to_end.add(child.process.pid)
        child.client.close()
        with suppress(ProcessLookupError):
            child.process.terminate()
        await child.outlived
        os.close(child.leash)
        child.place.unlink(missing_ok=True)
        child.place.parent.rmdir()


def end_as(code: int) -> None:
    """End this process as another one ended: by the same signal, or with the same exit code."""
    sys.stderr.flush()
    if code < 0:
        with suppress(OSError, ValueError):  # SIGKILL's action cannot be set
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code or 1)


def imported(environment: Mapping[str, str]) -> list[str]:
    """The SHA-256 of each package that this process, a child, imports from; of others none."""
    folders = environment.get(FOLDERS, "")
    return [Path(folder).name for folder in folders.split(os.pathsep)] if folders else []


def begin_as_child(environment: MutableMapping[str, str]) -> bool:
    """In a child: import from its packages' folders, and end when the parent does.

    Returns:
        Whether this process is a child.
    """
    folders = environment.get(FOLDERS, "")
    if not folders:
        return False
    sys.path[:0] = folders.split(os.pathsep)
    leash = int(environment[LEASH])
    os.set_inheritable(leash, False)
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    return True


def _end_with(leash: int) -> None:
    """Wait until nobody holds the other end."""
    os.read(leash, 1)
    os._exit(1)
