"""A proxy before a gateway: passes everything on as it comes, and keeps it."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.embedded.contract.exchanges import Exchange
from tests.stack.facts import PATIENCE

STREAM = "application/x-ndjson"  # of lines, which may never end
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Recorder(NamedTuple):
    """Its address, and what went through it, in the order of the answers' ends."""

    url: str
    exchanges: list[Exchange]


@contextmanager
def recording(gateway: str) -> Iterator[Recorder]:
    """A recorder before a gateway's address meanwhile."""
    host = urlsplit(gateway).netloc
    exchanges: list[Exchange] = []

    class Handler(BaseHTTPRequestHandler):
        """One request; every method is handled alike, and each connection is used once."""

        def _pass(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            connection = http.client.HTTPConnection(host, timeout=PATIENCE)
            try:
                connection.request(self.command, self.path, sent or None, dict(self.headers))
                answer = connection.getresponse()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                streamed = headers.get("content-type") == STREAM
                body = b"" if streamed else answer.read()
                asked = dict(self.headers)
                made = Exchange(self.command, self.path, sent, answer.status, headers, body, asked)
                if not streamed:  # kept first: who asked may be gone once it has the head
                    exchanges.append(made)
                self.send_response(answer.status)
                for name, value in headers.items():
                    if name not in _HOP_BY_HOP:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if streamed:
                    while chunk := answer.read1(1 << 16):
                        self.wfile.write(chunk)
                        body += chunk
                    exchanges.append(made._replace(body=body))
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _pass  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        """Does not wait for those who follow what never ends."""

        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Recorder(f"http://127.0.0.1:{server.server_port}", exchanges)
        finally:
            server.shutdown()
            thread.join()
