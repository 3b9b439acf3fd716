"""A whole stack of real servers: up, found again, down, killed."""

import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest

from faastraingym.embedded import processes
from faastraingym.embedded.contract.messages import FunctionStatus
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.stack import down, status, up
from faastraingym.embedded.state import StackState
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS, free_port, groups_of

ENVIRONMENT = {**os.environ, "FAASTRAIN_STACK": str(FUNCTIONS / "stack.yml")}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose stack is down afterwards."""
    yield tmp_path / "home"
    down(tmp_path / "home")
    assert processes.of_stack(tmp_path / "home") == []
    assert groups_of(tmp_path / "home") == []


def invoke(state: StackState, function: str, body: bytes = b"hi") -> bytes:
    url = f"{state.gateway_url}/{function}"
    with urllib.request.urlopen(url, data=body, timeout=30.0) as answer:  # noqa: S310
        return bytes(answer.read())


def test_up_again_down_and_up_keep_one_stack_and_its_secrets(home: Path) -> None:
    """The second `up` finds the first; `down` leaves no process; credentials stay."""
    first = up(home, ENVIRONMENT)
    assert invoke(first, "function/echo") == b"hi"
    again = up(home, ENVIRONMENT)
    assert again.pid == first.pid
    signing_key = (home / "secrets" / "ftg-signing-key").read_bytes()
    assert {f.name: f.replicas for f in status(home).functions} == {"dump": 0, "echo": 1}
    assert down(home)
    assert processes.of_stack(home) == []
    assert status(home).state is None
    assert not down(home)
    second = up(home, ENVIRONMENT)
    assert (second.gateway_url, second.nats_url) == (first.gateway_url, first.nats_url)
    assert (home / "secrets" / "ftg-signing-key").read_bytes() == signing_key


def test_a_running_stack_is_private(home: Path) -> None:
    """All of its ports are on loopback; nobody else reads its files or its environment's keys."""
    state = up(home, ENVIRONMENT)
    assert b"FTG_REPLICA" in invoke(state, "function/dump")
    assert invoke(state, "async-function/dump") == b""
    ours = processes.of_stack(home)
    assert len(ours) >= 6  # supervisor, nats-server, weed, gateway, queue-worker, a replica
    listening = [
        connection.laddr
        for process in ours
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 10
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    files = (
        "stack.json",
        "credentials.json",
        "gateway-password",
        "nats/nats.conf",
        "weed/s3.json",
        "weed/security.toml",
    )
    for file in (*map(home.joinpath, files), *(home / "secrets").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_killing_the_supervisor_leaves_no_process(home: Path) -> None:
    """kill -9: its servers and their replicas go too, and the next `up` is none the worse."""
    state = up(home, ENVIRONMENT)
    invoke(state, "function/dump")  # whose memory is bounded
    ours = processes.of_stack(home)
    os.kill(state.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(ours, timeout=5.0)
    assert alive == []
    assert status(home).state is None
    left = groups_of(home)
    assert invoke(up(home, ENVIRONMENT), "function/echo") == b"hi"
    assert not [group for group in left if group.exists()]


def test_a_server_that_dies_is_started_again(home: Path) -> None:
    """The gateway with its deployments, too."""
    state = up(home, ENVIRONMENT)
    gateway = state.children["gateway"].pid
    os.kill(gateway, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(gateway)] if psutil.pid_exists(gateway) else [], timeout=5.0)
    functions = _functions_when_back(home)
    assert [function.name for function in functions] == ["dump", "echo"]
    now = status(home).state
    assert now is not None
    assert now.children["gateway"].restarts == 1
    assert now.children["gateway"].pid != gateway


def test_ctrl_c_ends_a_stack_in_the_foreground(home: Path) -> None:
    """SIGINT to the process; nothing is left."""
    code = (
        "import pathlib, sys; from faastraingym.embedded.stack import run_foreground;"
        "run_foreground(pathlib.Path(sys.argv[1]), lambda s: print(s.gateway_url, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        env={**ENVIRONMENT, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert process.wait(20.0) == 0
    process.stdout.close()
    assert processes.of_stack(home) == []


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FAASTRAIN_WEED", "/nowhere", "FAASTRAIN_WEED=/nowhere is not a program"),
        ("FAASTRAIN_NATS_SERVER", "/bin/false", "nats-server exited with 1"),
        ("FAASTRAIN_STACK", "/nowhere/stack.yml", "set FAASTRAIN_STACK"),
        ("FAASTRAIN_NATS_URL", "nats://x:1", "FAASTRAIN_NATS_USER"),
    ],
)
def test_what_keeps_a_stack_from_starting_is_said(
    home: Path, variable: str, value: str, words: str
) -> None:
    """One error with the reason; nothing is left running."""
    with pytest.raises(StackError, match=words):
        up(home, {**ENVIRONMENT, variable: value})
    assert processes.of_stack(home) == []


def test_a_taken_gateway_port_is_said(home: Path) -> None:
    """With the variable to change."""
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StackError, match=f"Port {port} .*FAASTRAIN_GATEWAY_PORT"),
    ):
        up(home, {**ENVIRONMENT, "FAASTRAIN_GATEWAY_PORT": str(port)})


def _functions_when_back(home: Path) -> list[FunctionStatus]:
    for _ in range(200):
        try:
            return status(home).functions
        except StackError:
            Event().wait(0.05)
    raise TimeoutError(home)
