"""The gateway's client against a real HTTP server that answers what it is told to."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.gateway import FunctionState, HttpGateway
from faastraingym.client.target import Server
from faastraingym.embedded.contract.messages import FunctionDeployment

FUNCTIONS = b'[{"name":"rollout","image":"x","replicas":2,"availableReplicas":1,"labels":{}}]'
LINES = [
    b'{"name":"rollout","namespace":"n","instance":"a","timestamp":"T1","text":"one"}\n{"name":',
    b'"rollout","namespace":"n","instance":"b","timestamp":"T2","text":"two"}\n\n',
]


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization", "")))
        if self.path == "/system/functions":
            self._whole(200, FUNCTIONS)
        elif "name=rollout" in self.path:
            self._chunks()
        elif "name=ill" in self.path:
            self._whole(200, b"no json\n")
        elif self.path.startswith("/closed"):
            self._whole(401, b"who are you")
        else:
            self._whole(404, b"no such function")

    def do_PUT(self) -> None:
        self._taken(404 if self.path == "/system/secrets" else 202)

    def do_POST(self) -> None:
        self._taken(201)

    def _taken(self, status: int) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((f"{self.command} {self.path}", body.decode()))
        self._whole(400 if b"wrong" in body else status, b"no such image")

    def _whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in [*LINES, b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    Answers.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def gateway(url: str) -> HttpGateway:
    return HttpGateway(Server(url, "admin", "secret"))


def test_functions_with_the_password(url: str) -> None:
    """Fields that are not needed are ignored."""
    assert gateway(url).functions() == [
        FunctionState(name="rollout", replicas=2, available_replicas=1)
    ]
    assert Answers.asked == [("/system/functions", "Basic YWRtaW46c2VjcmV0")]


def test_lines_are_put_together_from_chunks(url: str) -> None:
    """A line may be torn between two chunks; empty ones keep the connection alive."""
    lines = list(gateway(url).logs("rollout", follow=True, tail=3, since=""))
    assert [(line.instance, line.timestamp, line.text) for line in lines] == [
        ("a", "T1", "one"),
        ("b", "T2", "two"),
    ]
    assert Answers.asked[0][0] == "/system/logs?name=rollout&follow=true&tail=3"


def test_what_the_gateway_refuses_is_told(url: str) -> None:
    """404 is the user's; an answer that is no log, and no gateway at all, are the stack's."""
    with pytest.raises(BadInput, match="answered 404: no such function"):
        list(gateway(url).logs("none", follow=False, tail=-1, since=""))
    with pytest.raises(StackTrouble, match="the log of ill broke off"):
        list(gateway(url).logs("ill", follow=False, tail=-1, since=""))
    with pytest.raises(StackTrouble, match="cannot be reached"):
        gateway("http://127.0.0.1:1").functions()


def test_a_token_is_a_bearer_token(url: str) -> None:
    HttpGateway(Server(url, "", "t0ken")).functions()
    assert Answers.asked == [("/system/functions", "Bearer t0ken")]


def test_a_wrong_password_is_told_with_what_to_do(url: str) -> None:
    with pytest.raises(StackTrouble, match=r"refuses the password or token \(401\); check `url`"):
        HttpGateway(Server(url + "/closed", "admin", "x"), "check `url` of Client").functions()


def test_a_function_is_updated_and_a_secret_made_where_there_is_none(url: str) -> None:
    """As faas-cli does it."""
    gateway(url).keep_secret("key", "value")
    gateway(url).deploy(FunctionDeployment(service="own", image="x"))
    secret = '{"name":"key","namespace":"openfaas-fn","value":"value"}'
    assert Answers.asked == [
        ("PUT /system/secrets", secret),
        ("POST /system/secrets", secret),
        ("PUT /system/functions", '{"image":"x","service":"own"}'),
    ]
    with pytest.raises(BadInput, match="answered 400: no such image"):
        gateway(url).deploy(FunctionDeployment(service="own", image="wrong"))
