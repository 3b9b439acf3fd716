"""Processes that must not outlive us, and finding those that did."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from faastraingym.adapters.disk import STACK_VARIABLE

TRUSTED = "SSL_CERT_FILE"  # OpenSSL's own variable: the certificate authorities that clients trust
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", TRUSTED)  # of ours, no more
_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.1


def die_with_parent(then: Callable[[], None] | None = None) -> Callable[[], None] | None:
    """A `preexec_fn`: Linux kills the child when its parent dies; the child does `then`, too.

    None elsewhere: there the next `up` or `down` finds by its environment what is left.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we were bound to it
            os._exit(1)
        if then is not None:
            then()

    return bind


def of_stack(home: Path) -> list[psutil.Process]:
    """The processes of the stack at `home`, by their environment: a reused pid is not ours."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(STACK_VARIABLE) == str(home):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
    return [process for process in found if process.pid != os.getpid()]


def end(processes: list[psutil.Process], grace: float) -> list[psutil.Process]:
    """SIGTERM, after `grace` seconds SIGKILL; returns those that live on, zombies not counted."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    alive = _outlasting(processes, grace)
    for process in alive:
        _signal(process, signal.SIGKILL)
    return _outlasting(alive, 5.0)


def _outlasting(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    alive, until = processes, time.monotonic() + seconds
    while alive and time.monotonic() < until:
        _, alive = psutil.wait_procs(alive, timeout=_LOOK_SECONDS)
        alive = [process for process in alive if not _is_zombie(process)]
    return alive


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
