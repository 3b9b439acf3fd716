"""Environments that do to their process what they can, as they are built; for test_checking.py."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

NAME = "odd/Odd-v0"


def hang() -> None:
    time.sleep(100_000)


def hang_deaf() -> None:
    """No signal that can be ignored ends it, and Python's own threads do not run."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(100_000)  # holds the interpreter's lock


def allocate() -> None:
    np.ones(1_000_000_000)


def allocate_in_python() -> None:
    kept = []
    while True:
        kept.append(bytearray(10_000_000))


def leave_children() -> None:
    """Of its own group, and forked without exec."""
    subprocess.Popen(["/bin/sleep", "987"])
    if os.fork() == 0:
        time.sleep(987)


def flood() -> None:
    for _ in range(100):
        sys.stdout.write("x" * 1_000_000)
    os.write(2, b"y" * 1_000_000)


def read_stdin() -> None:
    if sys.stdin.read() or input:
        input("licence key: ")


def close_everything() -> None:
    os.closerange(0, 1000)


def complain() -> None:
    print("cannot open display :0", file=sys.stderr)
    os.abort()


WAYS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "hang": hang,
    "hang, deaf": hang_deaf,
    "allocate": allocate,
    "allocate in Python": allocate_in_python,
    "leave children": leave_children,
    "flood": flood,
    "read stdin": read_stdin,
    "close everything": close_everything,
    "os._exit": lambda: os._exit(7),
    "sys.exit": lambda: sys.exit("no licence"),
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    "KeyboardInterrupt": lambda: signal.default_int_handler(2, None),
    "complain": complain,
    "segfault": lambda: ctypes.string_at(0),
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill the one that forked it": lambda: os.kill(os.getppid(), signal.SIGKILL),
}


class Odd(gymnasium.Env):
    """Says its process id in `file`, then does it."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, how: str, file: str = "/dev/null") -> None:
        with Path(file).open("a") as told:
            told.write(f"{os.getpgrp()}\n")
        WAYS[how]()

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(3, np.float32), 1.0, False, False, {}


gymnasium.register(NAME, entry_point=Odd, max_episode_steps=9)
