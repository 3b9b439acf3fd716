"""Servers of OpenEnv's own library, in processes of their own: CartPole, and one that is odd.

python -m tests.remote.openenv_server PORT SESSIONS ODD
"""

import contextlib
import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import gymnasium
import pytest

from tests.checkout import CHECKOUT

FIELDS: dict[str, Any] = {
    "observation": {"cart": {"kind": "Box", "shape": [4]}},
    "action": {"right": {"kind": "Discrete", "n": 2}},
}


# `make openenv` has the library in an environment of its own, and its programs on the PATH.
needs_openenv = pytest.mark.skipif(
    which("openenv") is None, reason="OpenEnv; `make openenv` has it"
)


def python() -> str:
    """The interpreter that imports OpenEnv."""
    program = which("openenv")
    assert program is not None
    return os.fspath(Path(program).with_name("python"))


class Server:
    """A program that listens; it may be killed, and started again at the same address."""

    def __init__(self, command: Callable[[int], list[str]], **how: Any) -> None:
        """`command` is by the port; `how` is for `subprocess.Popen`."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._command, self._how = command(self._port), how
        self._process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(self._command, **self._how)
        while not self._listens():
            assert self._process.poll() is None
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
            return True
        return False


@contextlib.contextmanager
def listening(command: Callable[[int], list[str]], **how: Any) -> Iterator[Server]:
    """A server that ends with the block."""
    server = Server(command, **how)
    try:
        yield server
    finally:
        server.kill()


def serving(sessions: int = 8, odd: str = "") -> contextlib.AbstractContextManager[Server]:
    """This module, as a program."""
    module = "tests.remote.openenv_server"
    return listening(
        lambda port: [python(), "-m", module, f"{port}", f"{sessions}", odd], cwd=CHECKOUT
    )


class Odd(NamedTuple):
    """What an odd server does in CartPole's place."""

    cart: Any = None
    raises: bool = False
    unseeded: bool = False
    ends: bool = False


ODDS = {
    "": Odd(),
    "text": Odd(cart=["a", "b", "c", "d"]),
    "short": Odd(cart=[0.0, 0.0]),
    "nan": Odd(cart=[float("nan")] * 4),
    "huge": Odd(cart=[0.123456789] * 4_000_000),
    "raises": Odd(raises=True),
    "unseeded": Odd(unseeded=True),
    "ends": Odd(ends=True),
}


def main(port: str, sessions: str, odd: str) -> None:
    """Serve until the process is killed."""
    core, uvicorn = importlib.import_module("openenv.core"), importlib.import_module("uvicorn")

    class Push(core.Action):
        right: int

    class Cart(core.Observation):
        cart: Any

    does = ODDS[odd]

    class CartPole(core.Environment):
        SUPPORTS_CONCURRENT_SESSIONS = True

        def __init__(self) -> None:
            super().__init__()
            self.env = gymnasium.make("CartPole-v1", max_episode_steps=30)
            self.told = core.State()

        def reset(
            self, seed: int | None = None, episode_id: str | None = None, **kwargs: Any
        ) -> Cart:
            seen, _ = self.env.reset(seed=None if does.unseeded else seed)
            self.told = core.State(episode_id=episode_id)
            return Cart(cart=seen.tolist(), done=does.ends)

        def step(self, action: Push, timeout_s: float | None = None, **kwargs: Any) -> Cart:
            if does.raises:
                raise ZeroDivisionError("the pole is a point")
            seen, reward, terminated, truncated, _ = self.env.step(action.right)
            self.told.step_count += 1
            return Cart(
                cart=seen.tolist() if does.cart is None else does.cart,
                reward=float(reward),
                done=terminated or truncated,
                metadata={"terminated": terminated, "truncated": truncated},
            )

        @property
        def state(self) -> Any:
            return self.told

    app = core.create_app(CartPole, Push, Cart, max_concurrent_envs=int(sessions))
    uvicorn.run(app, port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
