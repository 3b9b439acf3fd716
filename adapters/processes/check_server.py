"""Forks a process for each check of a specification's environment: see checking.py.

The server has imported Gymnasium and runs no foreign code itself, so no environment can keep it
from answering. On its standard input, a socket, comes a socket for each check; on that one come a
line with the specification, the verdict of the process that checks, and how it ended, from a guard.
"""

import contextlib
import faulthandler
import json
import math
import os
import resource
import signal
import socket
import sys
import threading
from typing import Any, NamedTuple, NoReturn

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.packages.requirements import unmet
from faastraingym.adapters.stage.environments import register
from faastraingym.algorithms.environments import env_checker, spaces
from faastraingym.algorithms.limits import Limits
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import to_dict

GRACE = 1.0  # seconds from a check's verdict to its end
TAIL = 4096  # the last bytes of a check's output: the rest is dropped
CHUNK = 1 << 16
MB = 1_000_000
REPLY = 3  # a check's descriptor
NICENESS = 10


class Bounds(NamedTuple):
    """The operator's settings, and the limits of a check."""

    modules: list[str]
    seconds: float
    memory_mb: int
    limits: list[int]  # of functions, as faastraingym.algorithms.limits has them


def serve(control: socket.socket, bounds: Bounds) -> NoReturn:
    """Fork a guard for each check until the parent is gone; then end guards and checks."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so the kernel removes guards that ended
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            break
        if os.fork() == 0:
            control.close()  # or the parent would write to a server that is gone
            guard(socket.socket(fileno=descriptors[0]), bounds)
        os.close(descriptors[0])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, 0)  # until all guards are gone
    os._exit(0)


def guard(reply: socket.socket, bounds: Bounds) -> NoReturn:
    """Fork the check, end it when it is late, and tell how it ended when its group is gone.

    An empty line comes first: the server has started, and the check's time begins.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(OSError):  # the receiver may be gone
        reply.sendall(b"\n")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        check(reply.fileno(), writing, bounds)
    os.close(writing)
    late, tail = False, bytearray()

    def kill(number: int, _: object) -> None:
        nonlocal late
        late = number == signal.SIGALRM
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def drain() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
        while piece := os.read(reading, CHUNK):
            tail[:] = (tail + piece)[-TAIL:]

    signal.signal(signal.SIGTERM, kill)
    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, bounds.seconds + GRACE)
    drainer = threading.Thread(target=drain, daemon=True)
    drainer.start()
    status = os.waitpid(pid, 0)[1]
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # the processes that it left
    drainer.join(GRACE)  # one that left the group, too, may still have the output
    code = os.waitstatus_to_exitcode(status)
    end = json.dumps({"code": code, "late": late, "tail": tail.decode(errors="replace")})
    with contextlib.suppress(OSError):  # the receiver may be gone
        reply.sendall(b"\n" + end.encode() + b"\n")
    os._exit(0)


def check(reply: int, output: int, bounds: Bounds) -> NoReturn:
    """In a child: bind it, check, answer, end."""
    try:
        _bind(reply, output, bounds)
        with socket.socket(fileno=REPLY) as answer:
            line = answer.makefile("rb").readline()
            found = verdict(json.loads(line), bounds)
            answer.sendall(json.dumps(found).encode() + b"\n")
        os._exit(0)
    except BaseException:  # noqa: BLE001  the boundary: no error may reach the forked server code
        faulthandler.cancel_dump_traceback_later()
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def verdict(asked: dict[str, Any], bounds: Bounds) -> dict[str, Any]:
    """The completed specification, or the error in it or in the operator's modules.

    Args:
        asked: the specification, and the folders of the packages that it names.
        bounds: of this check.
    """
    folders = asked["folders"]
    sys.path[:0] = folders
    try:
        register(bounds.modules)
    except SettingsError as error:
        return {"settings": str(error)}
    try:
        lacking = unmet(folders)
        if lacking:
            raise SpecificationError(lacking)
        spec = spaces.validate(asked["spec"], Limits(*bounds.limits))
    except SpecificationError as refusal:
        limit = f"; a check may use {bounds.memory_mb} MB (docs/operations.md)"
        problems = [f"{p}{limit}" if "MemoryError" in p else p for p in refusal.problems]
        return {"problems": [_in_packages(problem, folders) for problem in problems]}
    found = {
        "spec": to_dict(spec),
        "advice": [*spaces.advice(spec), *env_checker.advice(spec)],
        "spaces": spaces.describe(spec).values(),
    }
    return {"problems": [], **found}


def _in_packages(problem: str, folders: list[str]) -> str:
    """A problem with a package's files named as their author knows them."""
    for folder in folders:
        problem = problem.replace(f"{folder}{os.sep}", "")
    return problem


def _bind(reply: int, output: int, bounds: Bounds) -> None:
    """A session of its own, no descriptor of ours, little memory, and last in every queue."""
    os.setsid()
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
    signal.alarm(math.ceil(bounds.seconds + 2 * GRACE))  # if its guard is killed
    faulthandler.enable(2)
    faulthandler.dump_traceback_later(bounds.seconds, file=2)


if __name__ == "__main__":
    serve(socket.socket(fileno=0), Bounds(**json.loads(sys.argv[1])))
