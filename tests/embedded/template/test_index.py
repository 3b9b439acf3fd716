"""The template's server, alone, as of-watchdog starts it."""

import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embedded.support import FUNCTIONS, SCRIPT, free_port


@contextmanager
def running(function: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(FUNCTIONS),
            "PYTHONUNBUFFERED": "1",
            "handler_module": f"functions.{function}.handler",
            "http_port": str(port),
            **settings,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def post(url: str, body: bytes) -> bytes:
    with urllib.request.urlopen(url, data=body, timeout=10.0) as answer:  # noqa: S310
        return bytes(answer.read())


def test_sigterm_drains_then_stops_the_handler_and_exits_with_zero() -> None:
    """A request in hand is answered; new connections are not taken."""
    with running("lifecycle") as (process, url):
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        answers: list[bytes] = []
        _wait_ready(url)
        caller = threading.Thread(target=lambda: answers.append(post(url, b"0.5")))
        caller.start()
        _wait_ready(url)  # answered after the request above was taken
        process.send_signal(signal.SIGTERM)
        assert process.wait(10.0) == 0
        caller.join(10.0)
        assert answers == [b"finished"]
        assert process.stdout.read() == "stopped\n"


def test_requests_are_taken_as_long_as_of_watchdog_takes_them() -> None:
    """It sends SIGTERM on at once, but stops to take requests `healthcheck_interval` later."""
    with running("lifecycle", healthcheck_interval="3s") as (process, url):
        _wait_ready(url)
        process.send_signal(signal.SIGTERM)
        assert post(url, b"0") == b"finished"
        assert process.wait(20.0) == 0
        with pytest.raises(urllib.error.URLError):
            post(url, b"0")


@pytest.mark.parametrize(
    ("text", "found"), [("5", 5.0), ("5s", 5.0), ("500ms", 0.5), ("2m", 120.0), ("0", 0.0)]
)
def test_durations_are_read_as_of_watchdog_reads_them(
    text: str, found: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And others are refused."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    seconds = runpy.run_path(str(SCRIPT))["seconds"]
    assert seconds(text) == found
    with pytest.raises(ValueError, match="soon"):
        seconds("soon")


def test_a_handler_that_cannot_start_ends_the_process_with_a_traceback() -> None:
    """Non-zero, the reason on stderr."""
    with running("broken") as (process, _):
        _, errors = process.communicate(timeout=10.0)
        assert process.returncode != 0
        assert "Traceback" in errors
        assert "no module named nonsense" in errors


def _wait_ready(url: str) -> None:
    for _ in range(1000):
        try:
            with urllib.request.urlopen(f"{url}/_/ready", timeout=10.0) as answer:  # noqa: S310
                assert answer.status == 200
                return
        except urllib.error.URLError:
            threading.Event().wait(0.01)
    raise TimeoutError(url)


def test_half_a_body_is_not_handled() -> None:
    """A client that leaves in the middle has not asked for anything."""
    with running("chatter") as (process, url):
        assert process.stdout is not None
        _wait_ready(url)
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as half:
            half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        post(url, b"whole")
        process.send_signal(signal.SIGTERM)
        process.wait(10.0)
        assert process.stdout.read() == "whole\n"


def test_connections_are_taken_before_the_handler_is_there(tmp_path: Path) -> None:
    """What comes early waits, `/_/ready` too; before, of-watchdog answered 500 in its place."""
    gate = tmp_path / "gate"
    gate.touch()
    with running("gated", GATE=str(gate)) as (process, url):
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        where = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(where) as early, socket.create_connection(where) as ready:
            early.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nearly")
            ready.sendall(b"GET /_/ready HTTP/1.1\r\nHost: x\r\n\r\n")
            assert select.select([early, ready], [], [], 0.1) == ([], [], [])
            gate.unlink()
            assert early.recv(1000).endswith(b"early")
            assert ready.recv(1000).startswith(b"HTTP/1.1 200")
