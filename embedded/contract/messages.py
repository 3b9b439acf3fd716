"""The bodies of `/system/*`, as OpenFaaS's SDK has them."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from faastraingym.embedded.contract.bodies import Body

NAMESPACE = "openfaas-fn"


class Resources(Struct, rename="camel", omit_defaults=True):
    """Kubernetes quantities: `512Mi`, `1000m`."""

    memory: str = ""
    cpu: str = ""


class Usage(Struct, rename="camel", kw_only=True):
    """The usage of a function's replicas now: cpu in milli-cores, since its start."""

    cpu: float = 0.0
    total_memory_bytes: float = 0.0


class _Function(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """The fields that a deployment and a status share."""

    image: str
    namespace: str = ""
    env_process: str = ""
    env_vars: dict[str, str] | None = None
    constraints: list[str] | None = None
    secrets: list[str] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    limits: Resources | None = None
    requests: Resources | None = None
    read_only_root_filesystem: bool = False


class FunctionDeployment(_Function, rename="camel", kw_only=True, omit_defaults=True):
    """The body that faas-cli posts to deploy or update."""

    service: str


class FunctionStatus(_Function, rename="camel", kw_only=True, omit_defaults=True):
    """The status of a deployed function."""

    name: str
    invocation_count: float | None = None
    replicas: int | None = None
    available_replicas: int | None = None
    created_at: datetime | None = None
    usage: Usage | None = None


class DeleteRequest(Struct, rename="camel"):
    """Body of DELETE /system/functions."""

    function_name: str
    namespace: str = ""


class ScaleRequest(Struct, rename="camel"):
    """Body of POST /system/scale-function/{name}."""

    replicas: int
    service_name: str = ""
    namespace: str = ""


class Secret(Struct, rename="camel", omit_defaults=True):
    """A secret; `value` (text) or `raw_value` (base64 on the wire) never come back."""

    name: str
    namespace: str = ""
    value: str = ""
    raw_value: bytes = b""


class Version(Struct):
    """The version of a server."""

    release: str
    sha: str = ""


class ProviderInfo(Struct):
    """Body of a provider's GET /system/info."""

    provider: str
    version: Version
    orchestration: str


class GatewayInfo(Struct):
    """Body of a gateway's GET /system/info: its provider's, in its own."""

    provider: ProviderInfo
    version: Version
    arch: str


class LogLine(Struct):
    """One line of a replica's output."""

    name: str
    namespace: str
    instance: str
    timestamp: datetime
    text: str


class LogQuery(NamedTuple):
    """A choice of a function's log lines."""

    name: str
    instance: str = ""
    tail: int = -1  # -1: all that is remembered
    follow: bool = False
    since: datetime | None = None


class Request(NamedTuple):
    """An invocation; the path has its query and its leading slash."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: Body


class Response(NamedTuple):
    """A function's answer."""

    status: int
    headers: list[tuple[str, str]]
    body: Body
