"""The state that a running stack publishes: home/stack.json, and a lock for as long as it lives."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import accessing, check_path, private_folder, write_private

READY_FD = "FTG_READY_FD"  # the supervisor reports ready there; `up` waits at the other end


class ChildState(msgspec.Struct, kw_only=True):
    """One process that the supervisor keeps alive."""

    pid: int
    restarts: int = 0
    last_exit: int | None = None
    crashing: bool = False


class StackState(msgspec.Struct, kw_only=True):
    """The addresses and files of a running stack."""

    pid: int  # the supervisor's
    started_at: datetime
    home: str
    stack_file: str
    gateway_url: str
    provider_url: str
    exporter_url: str = ""
    gateway_user: str
    password_file: str
    nats_url: str
    nats_api: str  # the prefix of JetStream's API
    s3_url: str
    bucket: str
    authority: str = ""  # of the servers' certificates, a PEM file; "": they speak without TLS
    secrets: str  # a folder: ftg-signing-key, ftg-nats-<role>, ftg-s3-<role>
    environments: str = ""  # FTG_ENVIRONMENTS, as it was when the stack was started
    children: dict[str, ChildState]


class StackFiles:
    """The files of a home that say whether and where a stack runs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / "stack.json"
        self.logs = home / "logs"
        self._alive = home / "supervisor.lock"
        self._busy = home / "up.lock"

    def load(self) -> StackState | None:
        """The state, or None; raises StackError: it cannot be read, or is damaged."""
        data = b""
        with accessing(self.home, "read"), suppress(FileNotFoundError, NotADirectoryError):
            data = self.state.read_bytes()
        try:
            return msgspec.json.decode(data, type=StackState) if data else None
        except msgspec.MsgspecError as error:
            raise StackError(f"{self.state} is damaged ({error}); `faastrain down`.") from error

    def save(self, state: StackState) -> None:
        """Replace the state."""
        write_private(self.state, msgspec.json.encode(state))

    @contextmanager
    def living(self) -> Iterator[Callable[[], bool]]:
        """Held by the supervisor as long as it lives; raises StackError: another one holds it.

        Yields whether the lock is still the home's: not once that was removed, moved or made anew.
        """
        with self._locked(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB) as descriptor:
            own = os.fstat(descriptor)

            def is_there() -> bool:
                try:
                    return os.path.samestat(own, self._alive.stat())
                except (FileNotFoundError, NotADirectoryError):
                    return False
                except OSError:  # unreadable for now; it may be there
                    return True

            yield is_there

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One `up` or `down` at a time; raises StackError: the home cannot be used."""
        check_path(self.home)
        with self._locked(self._busy, fcntl.LOCK_EX):
            yield

    def is_alive(self) -> bool:
        """Whether a supervisor lives; raises StackError: the home cannot be read."""
        with accessing(self.home, "read"):
            try:
                descriptor = os.open(self._alive, os.O_RDONLY | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                return False
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
            return False

    @contextmanager
    def _locked(self, path: Path, mode: int) -> Iterator[int]:
        with accessing(self.home):
            private_folder(self.home)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, mode)
            except BlockingIOError as error:
                raise StackError(f"A stack runs already at {self.home}.") from error
            yield descriptor
        finally:
            os.close(descriptor)
