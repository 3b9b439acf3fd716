"""Forks a process for each check of a specification's environment: see checking.py.

The server has imported Gymnasium and runs no foreign code itself, so no environment can keep it
from answering. On its standard input, a socket, comes a socket for each check; on that one come a
line with the specification, the child's verdict, and, when the child is gone with all of its group,
how it ended.
"""

import contextlib
import faulthandler
import json
import math
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.stage.environments import register
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.limits import Limits
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import to_dict

GRACE = 1.0  # seconds from a child's verdict to its end
TAIL = 4096  # the last bytes of a child's output: the rest is dropped
CHUNK = 1 << 16
MB = 1_000_000
REPLY = 3  # a child's descriptor
NICENESS = 10


class Bounds(NamedTuple):
    """The operator's settings, and the limits of a check."""

    modules: list[str]
    folders: list[str]
    seconds: float
    memory_mb: int
    limits: list[int]  # of functions, as faastraingym.algorithms.limits has them


@dataclass
class Child:
    """A check that runs."""

    pid: int
    reply: socket.socket
    output: int  # of its standard output and error
    deadline: float
    late: bool = False
    tail: bytes = b""


class Server:
    """Serves one parent, until that is gone."""

    def __init__(self, control: socket.socket, bounds: Bounds) -> None:
        self._control, self._bounds = control, bounds
        self._children: dict[int, Child] = {}
        self._selector = selectors.DefaultSelector()
        ended, tells = socket.socketpair()
        for end in (ended, tells):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(tells.fileno())
        self._tells = tells  # kept open
        self._on(control, self._begin)
        self._on(ended, lambda: self._reap(ended))

    def serve(self) -> NoReturn:
        """Serve."""
        while True:
            due = [child.deadline for child in self._children.values() if not child.late]
            wait = max(0.0, min(due) - time.monotonic()) if due else None
            for key, _ in self._selector.select(wait):
                key.data()
            for child in self._children.values():
                if child.deadline <= time.monotonic() and not child.late:
                    child.late = True
                    _kill(child.pid)

    def _on(self, file: Any, then: Callable[[], object]) -> None:
        self._selector.register(file, selectors.EVENT_READ, then)

    def _begin(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:  # the parent is gone
            for child in self._children.values():
                _kill(child.pid)
            os._exit(0)
        reply = socket.socket(fileno=descriptors[0])
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            check(reply.fileno(), writing, self._bounds)
        os.close(writing)
        os.set_blocking(reading, False)
        deadline = time.monotonic() + self._bounds.seconds + GRACE
        child = self._children[pid] = Child(pid, reply, reading, deadline)
        self._on(reading, lambda: self._hear(child))

    def _hear(self, child: Child) -> bool:
        """Store the end of its output; False when the output has ended."""
        if child.pid not in self._children:  # concluded a moment ago
            return False
        with contextlib.suppress(BlockingIOError):
            said = os.read(child.output, CHUNK)
            child.tail = (child.tail + said)[-TAIL:]
            if said:
                return True
            with contextlib.suppress(KeyError):
                self._selector.unregister(child.output)
        return False

    def _reap(self, ended: socket.socket) -> None:
        ended.recv(CHUNK)
        for child in list(self._children.values()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._conclude(child, os.waitstatus_to_exitcode(status))

    def _conclude(self, child: Child, code: int) -> None:
        _kill(child.pid)  # the processes that it left
        while self._hear(child):
            pass
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.output)
        os.close(child.output)
        del self._children[child.pid]
        end = {"code": code, "late": child.late, "tail": child.tail.decode(errors="replace")}
        with contextlib.suppress(OSError), child.reply as reply:  # the receiver may be gone
            reply.sendall(b"\n" + json.dumps(end).encode() + b"\n")


def check(reply: int, output: int, bounds: Bounds) -> NoReturn:
    """In a child: bind it, check, answer, end."""
    try:
        _bind(reply, output, bounds)
        with socket.socket(fileno=REPLY) as answer:
            line = answer.makefile("rb").readline()
            told = verdict(json.loads(line), bounds)
            answer.sendall(json.dumps(told).encode() + b"\n")
        os._exit(0)
    except BaseException:  # noqa: BLE001  the boundary: no error may reach the forked server code
        faulthandler.cancel_dump_traceback_later()
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        os._exit(1)


def verdict(raw: object, bounds: Bounds) -> dict[str, Any]:
    """The completed specification, or the error in it or in the operator's modules."""
    try:
        register(bounds.modules, bounds.folders)
    except SettingsError as error:
        return {"settings": str(error)}
    try:
        spec = spaces.validate(raw, Limits(*bounds.limits))
    except SpecificationError as refusal:
        limit = f"; a check may use {bounds.memory_mb} MB (docs/operations.md)"
        return {"problems": [f"{p}{limit}" if "MemoryError" in p else p for p in refusal.problems]}
    return {"problems": [], "spec": to_dict(spec), "advice": spaces.advice(spec)}


def _bind(reply: int, output: int, bounds: Bounds) -> None:
    """A session of its own, no descriptor of ours, little memory, and last in every queue."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, lambda *_: None)  # so no KeyboardInterrupt is the user's
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor, place in ((nothing, 0), (output, 1), (output, 2), (reply, REPLY)):
        os.dup2(descriptor, place)
    os.set_inheritable(REPLY, False)
    os.closerange(REPLY + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    allowed = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = bounds.memory_mb * MB
    wanted = wanted if allowed == resource.RLIM_INFINITY else min(wanted, allowed)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    signal.alarm(math.ceil(bounds.seconds + 2 * GRACE))  # if the server is killed
    faulthandler.enable(2)
    faulthandler.dump_traceback_later(bounds.seconds, file=2)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    Server(socket.socket(fileno=0), Bounds(**json.loads(sys.argv[1]))).serve()
