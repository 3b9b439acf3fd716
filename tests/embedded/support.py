"""Help for tests with real replicas."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from faastraingym.embedded.contract.messages import FunctionDeployment, Request, Resources
from faastraingym.embedded.provider.cgroup_tree import here
from faastraingym.embedded.provider.cgroups import prefix
from faastraingym.embedded.provider.environment import Launch
from faastraingym.embedded.provider.provider import ProcessProvider
from faastraingym.events.ports import QueueFull, Unavailable
from tests.checkout import CHECKOUT

FUNCTIONS = Path(__file__).parent / "functions_for_tests"
SCRIPT = CHECKOUT / "template" / "python3-faastrain" / "index.py"
PASSWORD = "of-the-tests"
LOGIN = {"Authorization": aiohttp.encode_basic_auth("admin", PASSWORD)}


def launch(home: Path, overrides: Mapping[str, str] | None = None) -> Launch:
    """Replicas of the functions for tests."""
    return Launch(home, FUNCTIONS, overrides or {}, os.environ)


def deployment(
    name: str,
    *,
    image: str = "",
    variables: Mapping[str, str] | None = None,
    low: int = 0,
    high: int = 1,
    idle: str = "60s",
    memory: str = "",
    secrets: list[str] | None = None,
) -> FunctionDeployment:
    """A deployment of a function for tests; it scales to zero when `low` is 0."""
    scale = "com.openfaas.scale."
    labels = {scale + "min": str(low), scale + "max": str(high), scale + "zero-duration": idle}
    return FunctionDeployment(
        service=name,
        image=image or f"example/{name}:1",
        env_vars=dict(variables or {}),
        labels=labels | ({} if low else {scale + "zero": "true"}),
        limits=Resources(memory=memory) if memory else None,
        secrets=secrets,
    )


def post(body: bytes = b"", **headers: str) -> Request:
    """An invocation."""
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request("POST", "/", pairs, body)


async def replicas(provider: ProcessProvider, name: str, wanted: int) -> None:
    """Return when a function has that many replicas; fail after a while."""
    async with asyncio.timeout(10.0):
        while (await provider.function(name)).available_replicas != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def groups_of(home: Path) -> list[Path]:
    """The control groups that a home's replicas have."""
    tree = here()
    return list(tree.root.rglob(f"{prefix(home)}*")) if tree else []


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MemoryQueue:
    """What was enqueued; `away` makes it refuse, and `full` what nobody vouches for."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes, str]] = []
        self.unknown: list[tuple[str, bytes, str]] = []  # that nobody vouches for
        self.away = self.full = False

    async def enqueue(self, function: str, request: bytes, message_id: str) -> None:
        """Keep the request."""
        if self.away:
            raise Unavailable("no broker")
        self.requests.append((function, request, message_id))

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """Keep the request apart."""
        if self.away:
            raise Unavailable("no broker")
        if self.full:
            raise QueueFull("no room")
        self.unknown.append((function, request, message_id))
