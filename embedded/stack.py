"""A stack as its users see it: up, down, status."""

import json
import os
import select
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from faastraingym.adapters.disk import STACK_VARIABLE
from faastraingym.embedded import open_files, processes
from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.contract.messages import FunctionStatus
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import accessing, appending, check_space, private_folder, tighten
from faastraingym.embedded.provider import cgroups
from faastraingym.embedded.servers import ports, weed_ports
from faastraingym.embedded.settings import IMPORTED, read
from faastraingym.embedded.state import READY_FD, StackFiles, StackState

UP_TIMEOUT = 90.0  # seconds
DOWN_TIMEOUT = 30.0


class Status(NamedTuple):
    """A stack now; `state` is None when none runs."""

    home: Path
    state: StackState | None
    functions: list[FunctionStatus]


def up(home: Path, environment: Mapping[str, str] = os.environ) -> StackState:
    """Start a stack, or find the one that runs at `home`; raises StackError, with what failed."""
    home = home.resolve()
    files = StackFiles(home)
    with files.exclusive():
        state = files.load() if files.is_alive() else None
        if state is not None:
            return state
        with accessing(home):
            _clear(files)
            _launch(home, environment)
        state = files.load()
    if state is None:
        raise StackError(f"The stack at {home} ended at once; see {files.logs}/supervisor.log.")
    return state


def run_foreground(
    home: Path, on_ready: Callable[[StackState], None], environment: Mapping[str, str] = os.environ
) -> None:
    """Run a stack in this process until Ctrl-C or SIGTERM; raises StackError: it does not start."""
    from faastraingym.embedded.supervisor import supervise

    files = StackFiles(home.resolve())
    settings = read(home, environment)
    with ExitStack() as starting:
        starting.enter_context(files.exclusive())
        if files.is_alive():
            raise StackError(f"A stack runs already at {home}; `faastrain down` stops it.")
        with accessing(files.home):
            _clear(files)
        _check(files.home)

        def ready(state: StackState) -> None:
            starting.close()
            on_ready(state)

        supervise(settings, ready)


def down(home: Path) -> bool:
    """Stop a stack and what a crashed one left; False: there was nothing. Raises StackError."""
    files = StackFiles(home.resolve())
    if not os.path.exists(files.home):  # removed, perhaps under a stack that ran
        return _end(files) > 0
    with files.exclusive(), accessing(files.home):
        return _clear(files)


def status(home: Path) -> Status:
    """The stack that runs at `home`; raises StackError: its gateway does not answer."""
    files = StackFiles(home.resolve())
    state = files.load() if files.is_alive() else None
    return Status(files.home, state, _functions(state) if state else [])


def _launch(home: Path, environment: Mapping[str, str]) -> None:
    read(home, environment)  # what is wrong with the settings is published here, not in a log
    _check(home)
    reading, writing = os.pipe()
    variables = {**environment, "FAASTRAIN_HOME": str(home), READY_FD: str(writing)}
    variables |= {STACK_VARIABLE: str(home), "PYTHONPATH": str(IMPORTED)}
    variables |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}  # any locale
    log = private_folder(home / "logs") / "supervisor.log"
    tighten(log.parent)
    with appending(log) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "faastraingym.embedded.supervisor"],
            env=variables,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], UP_TIMEOUT)
        answer = json.loads(pipe.read() or b"{}") if ready else {}
    if "ready" in answer:
        return
    process.kill() if not ready else process.wait()
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise StackError(answer.get("error") or f"The supervisor failed; {log} ends with:\n{tail}")


def _check(home: Path) -> None:
    check_space(home)
    open_files.check(open_files.allowed())
    ports.check_loopback()


def _clear(files: StackFiles) -> bool:
    """Stop all processes of this home, and remove what they left of themselves."""
    ended = _end(files)
    cgroups.sweep(files.home)
    files.state.unlink(missing_ok=True)
    weed_ports.remove_sockets(ports.of_home(files.home))
    return ended > 0


def _end(files: StackFiles) -> int:
    """Stop the supervisor, then all processes it left; how many processes there were."""
    state = files.load() if files.is_alive() else None  # while it lives, its pid is its own
    supervisor = [psutil.Process(state.pid)] if state else []
    ours = [*supervisor, *processes.of_stack(files.home)]
    stuck = processes.end(supervisor, DOWN_TIMEOUT)
    stuck += processes.end(processes.of_stack(files.home), 5.0)
    if stuck:
        pids = ", ".join(str(process.pid) for process in stuck)
        raise StackError(f"The processes {pids} of {files.home} do not end; kill them.")
    return len(ours)


def _functions(state: StackState) -> list[FunctionStatus]:
    password = Path(state.password_file).read_text()
    request = urllib.request.Request(  # noqa: S310  our own gateway's http address
        f"{state.gateway_url}/system/functions", headers={"Authorization": authorization(password)}
    )
    trusted = ssl.create_default_context(cafile=state.authority) if state.authority else None
    try:
        with urllib.request.urlopen(request, timeout=5.0, context=trusted) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read(), type=list[FunctionStatus])
    except urllib.error.URLError as error:
        why = f"{error.reason}; see {state.home}/logs/gateway.log"
        raise StackError(f"The gateway at {state.gateway_url} does not answer: {why}.") from error
