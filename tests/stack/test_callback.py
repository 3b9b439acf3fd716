"""An asynchronous invocation's callback: by a real gateway, queue, worker and function."""

import queue
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from tests.stack.facts import PATIENCE
from tests.stack.support import Stack


class Called(NamedTuple):
    """What arrived: method, path, headers."""

    method: str
    path: str
    headers: Mapping[str, str]


class Receiver(NamedTuple):
    """A server that is called back."""

    url: str
    called: "queue.Queue[Called]"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    called: queue.Queue[Called] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            called.put(Called(self.command, self.path, dict(self.headers)))
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


def test_the_caller_is_told_how_it_ended(stack: Stack, receiver: Receiver) -> None:
    """By OpenFaaS's headers; the function refuses what nobody signed."""
    headers = {"X-Callback-Url": f"{receiver.url}/ended?a=b", "X-Call-Id": "watched"}
    assert stack.post("/async-function/evaluate", b"nothing", **headers) == 202
    called = receiver.called.get(timeout=PATIENCE)
    assert (called.method, called.path) == ("POST", "/ended?a=b")
    assert called.headers["X-Call-Id"] == "watched"
    assert called.headers["X-Function-Name"] == "evaluate"
    assert called.headers["X-Function-Status"] == "400"
    assert float(called.headers["X-Duration-Seconds"]) > 0
