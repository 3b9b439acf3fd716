"""The output of replicas: remembered for a while, and appended to a file per function."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from faastraingym.embedded.contract.messages import NAMESPACE, LogLine, LogQuery
from faastraingym.embedded.files import appending, private_folder

REMEMBERED = 2000  # lines per function
MAX_LINE = 16 << 10  # bytes; what is longer is split
MAX_FILE = 16 << 20  # bytes; then the file is turned over, and the one before it goes


class LogBook:
    """The lines of all functions."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._lines: dict[str, deque[LogLine]] = {}
        self._files: dict[str, BinaryIO] = {}
        self._followers: dict[str, set[asyncio.Queue[LogLine]]] = {}

    def write(self, function: str, instance: str, text: str) -> None:
        """Take one line."""
        line = LogLine(function, NAMESPACE, instance, datetime.now(UTC), text)
        self._lines.setdefault(function, deque(maxlen=REMEMBERED)).append(line)
        for follower in self._followers.get(function, ()):
            follower.put_nowait(line)
        with suppress(OSError):  # on a full disk the line is only remembered; the reading goes on
            self._append(function, f"{line.timestamp:%Y-%m-%dT%H:%M:%S.%fZ} {instance} {text}\n")

    async def read(self, query: LogQuery) -> AsyncIterator[LogLine]:
        """The lines that a query asks for."""
        follower: asyncio.Queue[LogLine] = asyncio.Queue()
        followers = self._followers.setdefault(query.name, set())
        past = select(self._lines.get(query.name, ()), query)
        followers.add(follower)  # before the first yield: no line falls between
        try:
            for line in past:
                yield line
            while query.follow:
                line = await follower.get()
                if query.instance in ("", line.instance):
                    yield line
        finally:
            followers.discard(follower)

    def tail(self, function: str, instance: str, count: int) -> str:
        """A replica's last lines."""
        query = LogQuery(function, instance=instance, tail=count)
        return "\n".join(line.text for line in select(self._lines.get(function, ()), query))

    async def collect(self, function: str, instance: str, stream: asyncio.StreamReader) -> None:
        """Take a stream's lines until its end."""
        rest = b""
        while chunk := await stream.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self.write(function, instance, line[:MAX_LINE].decode(errors="replace"))
        if rest:
            self.write(function, instance, rest.decode(errors="replace"))

    def _append(self, function: str, line: str) -> None:
        file = self._files.get(function)
        path = self._folder / f"{function}.log"
        if file is not None and file.tell() > MAX_FILE:
            file.close()
            path.replace(path.with_suffix(".log.1"))
            file = None
        if file is None:
            file = self._files[function] = appending(path)
        file.write(line.encode())


def select(lines: deque[LogLine] | tuple[()], query: LogQuery) -> list[LogLine]:
    """The lines of an instance, since a moment, the last `tail` of them."""
    found = [
        line
        for line in lines
        if query.instance in ("", line.instance)
        and (query.since is None or line.timestamp >= query.since)
    ]
    return found[max(0, len(found) - query.tail) :] if query.tail >= 0 else found
