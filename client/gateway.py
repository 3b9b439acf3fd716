"""The OpenFaaS gateway's `/system/*`, as far as a client reads it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import urllib3
from msgspec import Struct

from faastraingym.client import target
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.target import Server

if TYPE_CHECKING:
    from faastraingym.embedded.contract.messages import FunctionDeployment

TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)  # seconds
FOREVER = urllib3.Timeout(connect=2.0, read=None)


class Resources(Struct, frozen=True, kw_only=True):
    """A function's limits."""

    memory: str = ""  # a quantity, as 512Mi


class FunctionState(Struct, frozen=True, kw_only=True, rename="camel"):
    """A deployed function, now."""

    name: str
    replicas: int | None = None  # desired
    available_replicas: int | None = None
    invocation_count: float | None = None
    limits: Resources | None = None

    @property
    def memory(self) -> str:
        """The memory that a replica may have; "": not reported."""
        return self.limits.memory if self.limits else ""


class LogLine(Struct, frozen=True, kw_only=True):
    """A line that a replica wrote."""

    name: str
    instance: str
    timestamp: str  # RFC 3339
    text: str


class Gateway(Protocol):
    """The interface that the commands need of a gateway."""

    def functions(self) -> list[FunctionState]:
        """All deployed functions."""

    def logs(self, name: str, follow: bool, tail: int, since: str) -> Iterator[LogLine]:
        """A function's lines; with `follow`, those to come too."""

    def deploy(self, deployment: "FunctionDeployment") -> None:
        """Deploy a function, or update it."""

    def keep_secret(self, name: str, value: str) -> None:
        """Make a secret, or give it another value."""


def of(environment: Mapping[str, str]) -> "HttpGateway":
    """The gateway of the stack that these variables name.

    Raises:
        BadInput, StackTrouble: as `target.find`.
    """
    return HttpGateway(target.trusted(environment).gateway, target.remedies(environment)["url"])


class HttpGateway:
    """A gateway at a URL."""

    def __init__(self, server: Server, remedy: str = "see `faastrain doctor`") -> None:
        """`remedy`: what a person should do who reads that it is away or refuses."""
        self._remedy = remedy
        self._url = server.url.rstrip("/")
        self._headers = (
            urllib3.make_headers(basic_auth=f"{server.user}:{server.password}")
            if server.user
            else {"Authorization": f"Bearer {server.password}"}
        )
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def functions(self) -> list[FunctionState]:
        """All deployed functions.

        Raises:
            StackTrouble: no gateway, or no answer that can be used.
        """
        response = self._get("/system/functions", {})
        try:
            return msgspec.json.decode(response.data, type=list[FunctionState])
        except msgspec.MsgspecError as error:
            raise StackTrouble(f"{self._url} is no OpenFaaS gateway: {error}") from error

    def logs(self, name: str, follow: bool, tail: int, since: str) -> Iterator[LogLine]:
        """A function's lines.

        Raises:
            BadInput: there is no such function.
            StackTrouble: no gateway, or no answer that can be used.
        """
        query = {"name": name, "follow": str(follow).lower(), "tail": str(tail), "since": since}
        response = self._get("/system/logs", {k: v for k, v in query.items() if v}, stream=True)
        try:
            for line in _lines(response):
                yield msgspec.json.decode(line, type=LogLine)
        except (urllib3.exceptions.HTTPError, msgspec.MsgspecError) as error:
            raise StackTrouble(f"{self._url}: the log of {name} broke off: {error}") from error
        finally:
            response.close()

    def deploy(self, deployment: "FunctionDeployment") -> None:
        """Deploy a function, or update it; raises as `_put`."""
        self._put("/system/functions", deployment)

    def keep_secret(self, name: str, value: str) -> None:
        """Make a secret, or give it another value; raises as `_put`."""
        from faastraingym.embedded.contract.messages import NAMESPACE, Secret

        self._put("/system/secrets", Secret(name, NAMESPACE, value))

    def _put(self, path: str, value: Struct) -> None:
        """Update what is there, or make it, as faas-cli does.

        Raises:
            BadInput: the gateway refuses it.
            StackTrouble: no gateway, or none that lets us.
        """
        body = msgspec.json.encode(value)
        response = self._request("PUT", path, body=body)
        if response.status == HTTPStatus.NOT_FOUND:
            response = self._request("POST", path, body=body)
        self._check(path, response)

    def _get(
        self, path: str, query: Mapping[str, str], stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        more = {"fields": query, "preload_content": not stream}
        response = self._request("GET", path, **more, timeout=FOREVER if stream else TIMEOUT)
        self._check(path, response)
        return response

    def _request(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, self._url + path, headers=self._headers, **more)
        except urllib3.exceptions.HTTPError as error:
            raise StackTrouble(
                f"the gateway at {self._url} cannot be reached: {error}; {self._remedy}"
            ) from error

    def _check(self, path: str, response: urllib3.BaseHTTPResponse) -> None:
        if response.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            return
        text = response.data[:300].decode(errors="replace").strip()
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise StackTrouble(
                f"the gateway at {self._url} refuses the password or token ({response.status}); "
                f"{self._remedy}"
            )
        if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            raise BadInput(f"the gateway at {self._url} answered {response.status}: {text}")
        raise StackTrouble(f"{self._url}{path} answered {response.status}: {text}")


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in response.stream(None if response.chunked else 65536):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest
