"""A server that is called back, and what arrived there."""

import queue
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest


class Called(NamedTuple):
    """What arrived: method, path, headers, body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver(NamedTuple):
    """Where it listens, and what arrived."""

    url: str
    called: "queue.Queue[Called]"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of one's own, on loopback."""
    called: queue.Queue[Called] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            called.put(Called(self.command, self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Receiver(f"http://127.0.0.1:{server.server_port}", called)
        finally:
            server.shutdown()
            thread.join()
