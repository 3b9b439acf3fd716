"""One replica: a process, its socket, and the requests that it has in flight."""

import asyncio
import os
import secrets
import sys
import time
from contextlib import suppress

from faastraingym import PACKAGE
from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.http.client import HttpClient
from faastraingym.embedded.contract.bodies import Answer
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.headers import end_to_end
from faastraingym.embedded.contract.messages import Request, Response
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.processes import die_with_parent
from faastraingym.embedded.provider.cgroups import Group, Groups
from faastraingym.embedded.provider.environment import Launch, variables
from faastraingym.embedded.provider.function import Function
from faastraingym.embedded.provider.logs import LogBook
from faastraingym.embedded.provider.sockets import Endpoint, listen
from faastraingym.events.delivery import exits
from faastraingym.events.delivery.answers import DIED, OVERTIME

SCRIPT = PACKAGE / "template" / "python3-faastrain" / "index.py"
_IDLE = 12 * 3600.0  # seconds that an idle connection to a replica is kept
_REMOVALS = 20
_TAIL = 40  # lines of a dead replica's output that an answer shows


class Replica:
    """A running process; `ready`, `retiring`, `in_flight` and `last_used` are its pool's."""

    def __init__(
        self,
        name: str,
        function: Function,
        process: asyncio.subprocess.Process,
        endpoint: Endpoint,
        logs: LogBook,
        budget: Budget,
        group: Group | None,
    ) -> None:
        self.name, self.function = name, function
        self.ready = self.retiring = False
        self.in_flight = 0
        self.last_used = time.monotonic()
        self.verdict = ""  # why it was killed
        self._process, self._endpoint, self._group = process, endpoint, group
        self._logs, self._budget = logs, budget
        self._client = HttpClient(endpoint.address, _IDLE)
        self.gone = asyncio.create_task(self._outlast())

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def is_bounded(self) -> bool:
        """Whether the kernel keeps its memory limit."""
        return self._group is not None

    async def wait_ready(self) -> None:
        """Return once it serves; raises ProviderError: 502, it died first."""
        await self._exchange(Request("GET", "/_/ready", [], b""))
        self.ready = True

    async def call(self, request: Request) -> Response:
        """Invoke; raises ProviderError: 504 over exec_timeout, 502 when the process dies."""
        limit = self.function.exec_timeout
        try:
            async with asyncio.timeout(limit):
                return await self._exchange(request)
        except TimeoutError as error:
            text = f"{self.name} ran longer than exec_timeout={limit:g}s and was killed."
            self.kill(text)
            raise ProviderError(504, text, replica=OVERTIME) from error

    def kill(self, verdict: str) -> None:
        """SIGKILL: it may be stuck where it handles no other signal."""
        self.verdict = self.verdict or verdict
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self, grace: float) -> None:
        """SIGTERM, after `grace` seconds SIGKILL; returns when it is gone."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(grace):
                await asyncio.shield(self.gone)
        except TimeoutError:
            self.kill(f"{self.name} did not stop within {grace:g} s and was killed.")
            await self.gone

    async def _exchange(self, request: Request) -> Response:
        answer = Answer(self._budget)
        try:
            reply = await self._client.request(*request, sink=answer)
        except AdapterError as error:
            raise answer.refusal or await self._post_mortem(error) from error
        else:
            return Response(reply.status, end_to_end(reply.headers), await answer.finished())
        finally:
            answer.release()

    async def _post_mortem(self, error: Exception) -> ProviderError:
        """The answer when the connection broke: mostly, how the process ended."""
        code = None
        with suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                code = await asyncio.shield(self.gone)
        tail = self._logs.tail(self.function.name, self.name, _TAIL)
        if code is None:
            text = f"{self.name} broke the connection: {error}."
        elif self.verdict:
            text = self.verdict
        elif self.ready:
            ended = f"{self.name} {exits.DIED} ({exits.ending(code)}) while it served a request"
            text = f"{tail}\n{ended}".lstrip()
        else:
            text = f"{self.name} did not start ({exits.ending(code)}):\n{tail}"
        return ProviderError(502, text, replica=DIED)

    async def _outlast(self) -> int:
        streams = [s for s in (self._process.stdout, self._process.stderr) if s is not None]
        collected = asyncio.gather(
            *(self._logs.collect(self.function.name, self.name, stream) for stream in streams)
        )
        code = await self._process.wait()
        # Its last lines are in the pipes; a child of its own may hold them open for ever.
        await asyncio.wait([collected], timeout=1.0)
        collected.cancel()
        if self._group is not None:
            await self._leave(self._group)
        self._client.close()
        self._endpoint.remove()
        return code

    async def _leave(self, group: Group) -> None:
        """Learn from its group what it died of, and remove it."""
        if group.has_killed():
            self.verdict = self.verdict or over_memory(self.name, self.function)
        for _ in range(_REMOVALS):
            if group.remove():
                return
            await asyncio.sleep(0.05)  # children of its own are on their way


def over_memory(name: str, function: Function, used: int | None = None) -> str:
    """Why a replica was killed that wanted more bytes of memory than its function may have."""
    limit = (function.memory_bytes or 0) >> 20
    what = f"it used {used >> 20} MiB of memory" if used else "it wanted more memory"
    return f"{name} was killed: {what}, its limit is {limit} MiB; raise limits.memory in stack.yml."


async def spawn(
    launch: Launch, function: Function, logs: LogBook, budget: Budget, groups: Groups | None
) -> Replica:
    """Start a replica's process; raises ProviderError: 503, the machine refuses."""
    name = f"{function.name}-{secrets.token_hex(2)}"
    try:
        endpoint = listen(launch.folder, name)
    except OSError as error:
        raise _refused(name, error) from error
    descriptor = endpoint.listener.fileno()
    environment = variables(launch, function, name) | {"FTG_LISTEN_FD": str(descriptor)}
    group = groups.make(name, function.memory_bytes) if groups and function.memory_bytes else None
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            env=environment,
            cwd=launch.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[descriptor],
            start_new_session=True,  # a terminal's Ctrl-C is the supervisor's business
            preexec_fn=die_with_parent(group.join if group else None),
        )
    except OSError as error:
        endpoint.remove()
        if group:
            group.remove()
        raise _refused(name, error) from error
    finally:
        endpoint.close()  # or connections to a dead replica would wait for ever
    if group and process.pid not in group.processes():  # refused, or it is gone already
        group.remove()
        group = None
    return Replica(name, function, process, endpoint, logs, budget, group)


def _refused(name: str, error: OSError) -> ProviderError:
    text = f"{name} cannot start: {os.strerror(error.errno or 0)}."
    return ProviderError(503, text, retry_after=5)
