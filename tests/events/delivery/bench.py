"""A queue-worker on an in-memory bus, and functions that give the answers that a test wants."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import SIGNATURE, QueueRequest, Request
from faastraingym.events.delivery.worker import FunctionWorker
from faastraingym.events.topology.stack_file import Function, RetryPolicy
from faastraingym.schemas.messages import StopRequested, encode
from tests.fakes import InMemoryBus, InMemoryFactLog

FAST = RetryPolicy(attempts=3, min_wait=0.001, max_wait=0.002)


HEARS = Function(name="conclude-run", topics=("run.stop-requested",), max_inflight=2, retry=FAST)


ONE = Function(name="conclude-run", retry=FAST)  # one slot


class Replica:
    """A function that gives the answers it is told to, then 200."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.called_back: list[int] = []
        self.authenticated: list[bool] = []
        self.deaf = ""  # why nobody is told
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def call_back(
        self, function: Function, request: Request, answer: Answer, authenticated: bool
    ) -> str:
        self.called_back.append(answer.status)
        self.authenticated.append(authenticated)
        return self.deaf

    async def invoke(self, function: Function, request: Request) -> Answer:
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        return self.answers.pop(0) if self.answers else Answer(200)


class Ink:
    """A seal that anybody can read."""

    def sign(self, function: str, body: bytes, key: str = "") -> str:
        return f"signed {function} {key}".strip()

    def is_ours(self, function: str, request: Request) -> bool:
        key = request.headers.get("Idempotency-Key", "")
        return request.headers.get(SIGNATURE) == self.sign(function, request.body, key)


class Bench:
    """A worker's surroundings."""

    def __init__(self, replica: Replica) -> None:
        self.facts = InMemoryFactLog()
        self.bus = InMemoryBus(self.facts)
        self.replica = replica

    def worker(self, function: Function) -> FunctionWorker:
        return FunctionWorker(function, self.bus, self.facts, self.replica, Ink())

    @property
    def taken(self) -> int:
        """Commands that a worker has asked for and got."""
        return len(self.bus.commands("conclude-run").delivered)

    @property
    def acknowledged(self) -> list[str]:
        queues = [*self.bus._of_facts.values(), *self.bus._commands.values()]
        queues += [*self.bus._starts.values(), *self.bus._open.values()]
        return [message_id for queue in queues for message_id in queue.acknowledged]


@asynccontextmanager
async def working(bench: Bench, function: Function = HEARS) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(bench.worker(function).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  the fakes have no event for it
            await asyncio.sleep(0.001)


def posted(body: bytes, headers: dict[str, str] | None = None) -> bytes:
    named = {name: [value] for name, value in (headers or {}).items()}
    url = {"Scheme": "http", "Host": "back", "Path": "/told"}
    text = base64.b64encode(body).decode()
    return msgspec.json.encode(
        QueueRequest(function="conclude-run", body=text, header=named, callback_url=url)
    )


def queued(run: str, index: int = 0) -> bytes:
    """A command of a run, as the gateway queues it."""
    body = encode(StopRequested(run=run))
    header = {"X-Call-Id": [f"{run}-{index}"]}
    request = QueueRequest(
        function="conclude-run", body=base64.b64encode(body).decode(), header=header
    )
    return msgspec.json.encode(request)
