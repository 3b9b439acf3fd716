"""Keeps a server process alive: starts, watches, restarts and stops it."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters import disk
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import appending
from faastraingym.embedded.processes import die_with_parent
from faastraingym.embedded.state import ChildState

START_TIMEOUT = 30.0  # seconds from process to ready
GRACE = 10.0  # seconds from SIGTERM to SIGKILL
LONGEST_BACKOFF = 10.0  # seconds
CRASHING = 5  # restarts within a minute that are too many
WATCH_SECONDS = 1.0
MAX_LOG = 16 << 20  # bytes


def log_line(text: str) -> None:
    """Write to the supervisor's log, unless its disk is full."""
    with suppress(OSError):
        print(text, flush=True)


class ChildSpec(NamedTuple):
    """A server's command, and the lines by which it tells its state."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path  # its working directory
    log: Path
    ready: re.Pattern[str] | None = None  # the line it prints when ready; None: at once
    broken: re.Pattern[str] | None = None  # the line after which only a restart helps
    mend: Callable[[], None] | None = None  # puts its files in order before each start


class Child:
    """Keeps one server alive; its output goes to its log."""

    def __init__(self, spec: ChildSpec, changed: Callable[[], None]) -> None:
        self.spec = spec
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ready = asyncio.Event()
        self._is_broken = False
        self._last_lines: deque[str] = deque(maxlen=20)
        self._crashes: deque[float] = deque(maxlen=CRASHING)
        self.state = ChildState(pid=0)

    async def start(self) -> None:
        """Return when it is ready; restart it when it dies; raises StackError: it did not start."""
        await self._launch()
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        """SIGTERM, after a grace SIGKILL; returns when it is gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._end()
        if self._output is not None:
            await asyncio.wait([self._output], timeout=1.0)  # its last lines

    async def _end(self, grace: float = GRACE) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _launch(self) -> None:
        spec = self.spec
        self._is_ready.clear()
        self._is_broken = False
        try:
            if spec.mend is not None:
                spec.mend()
            self._process = await asyncio.create_subprocess_exec(
                *spec.command,
                env=spec.environment,
                cwd=spec.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the supervisor's business
                umask=0o077,
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            raise StackError(f"{spec.name} cannot start: {spec.command[0]}: {error}.") from error
        self.state.pid = self._process.pid
        self._output = asyncio.create_task(self._collect(self._process))
        if spec.ready is not None:
            await self._wait_ready(self._process)

    async def _wait_ready(self, process: asyncio.subprocess.Process) -> None:
        tasks = [asyncio.create_task(w) for w in (self._is_ready.wait(), process.wait())]
        await asyncio.wait(tasks, timeout=START_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        if self._is_ready.is_set():
            return
        what = "was not ready in time"
        if process.returncode is not None and self._output is not None:
            await self._output  # its last lines
            what = f"exited with {process.returncode}"
        lines = "\n".join(f"  {line}" for line in self._last_lines)
        raise StackError(f"{self.spec.name} {what}; its log is {self.spec.log}:\n{lines}")

    async def _collect(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        log = self.spec.log
        if log.exists() and log.stat().st_size > MAX_LOG:
            log.replace(log.with_suffix(".log.1"))
        rest = b""
        with appending(log) as file:
            while chunk := await process.stdout.read(1 << 16):
                with suppress(OSError):  # a full disk; the server would block if we stopped reading
                    file.write(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                self._read(lines)
                rest = rest[-(1 << 16) :]
        self._read([rest])  # its last line

    def _read(self, raw: list[bytes]) -> None:
        lines = [line.decode(errors="replace") for line in raw if line.strip()]
        self._last_lines.extend(lines)
        if _is_among(lines, self.spec.ready):
            self._is_ready.set()
        self._is_broken = self._is_broken or _is_among(lines, self.spec.broken)

    async def _watch(self) -> None:
        """End a broken server once its disk has room: on a full one a restart may do harm."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._is_broken and not disk.space(self.spec.folder).is_full:
                log_line(f"{self.spec.name} needs a restart; see {self.spec.log}")
                await self._end()
            if self.state.crashing and self._recent_crashes() < CRASHING:
                self.state.crashing = False
                self._changed()

    def _recent_crashes(self) -> int:
        return sum(at > time.monotonic() - 60.0 for at in self._crashes)

    async def _keep(self) -> None:
        while self._process is not None:
            code = await self._process.wait()
            self._crashes.append(time.monotonic())
            self.state.last_exit = code
            self.state.restarts += 1
            self.state.crashing = self._recent_crashes() >= CRASHING
            self._changed()
            await asyncio.sleep(min(LONGEST_BACKOFF, 0.1 * 2.0 ** self._recent_crashes()))
            self._last_lines.clear()
            try:
                await self._launch()
            except StackError as error:
                log_line(str(error))
                await self._end(grace=0.0)
            self._changed()


def _is_among(lines: list[str], line: re.Pattern[str] | None) -> bool:
    return line is not None and any(map(line.search, lines))
