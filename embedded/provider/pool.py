"""The replicas of one function: as many as its requests need, between its labels' bounds."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from faastraingym.embedded.contract.budget import CONNECTIONS
from faastraingym.embedded.contract.messages import Request, Response
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.function import Function
from faastraingym.embedded.provider.replica import Replica
from faastraingym.embedded.provider.scaling import desired, surplus
from faastraingym.events.delivery.answers import DIED

Spawn = Callable[[Function], Awaitable[Replica]]
MOST_WAITING = CONNECTIONS // 2  # requests of one function: others have connections left
QUEUE_TIMEOUT = 30.0  # seconds that a request waits for a slot, beyond exec_timeout
START_TIMEOUT = 60.0  # seconds from process to ready
GRACE = 10.0  # seconds from SIGTERM to SIGKILL


class Pool:
    """Requests get slots in the order of their arrival, the oldest free replica's first.

    So those that come in the same order again meet the same warm replicas, and the youngest is
    idle.
    """

    def __init__(
        self, function: Function, spawn: Spawn, queue_timeout: float = QUEUE_TIMEOUT
    ) -> None:
        self.function = function
        self._queue_timeout = queue_timeout
        self.replicas: dict[str, Replica] = {}  # not those that retire
        self._spawn = spawn
        self._waiting: deque[asyncio.Future[Replica]] = deque()
        self._starting = 0  # processes that are not in `replicas` yet
        self._leaving: set[Replica] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False
        self._scale_up()

    @property
    def available(self) -> int:
        """Replicas that serve."""
        return sum(replica.ready for replica in self.replicas.values())

    @property
    def size(self) -> int:
        """Replicas that serve or start."""
        return len(self.replicas) + self._starting

    async def invoke(self, request: Request) -> Response:
        """Invoke on a free replica; raises ProviderError: 429 too many wait, 503 no slot."""
        replica = await self._acquire()
        try:
            return await replica.call(request)
        finally:
            self._release(replica)

    def redeploy(self, function: Function) -> None:
        """New replicas for what comes and what waits; the old ones finish what they have."""
        self.function = function
        for replica in list(self.replicas.values()):
            self._retire(replica)
        self._scale_up()

    def resize(self, replicas: int) -> None:
        """Run that many now; demand and idleness decide afterwards."""
        for _ in range(replicas - self.size):
            self._start_one()
        by_use = sorted(self.replicas.values(), key=lambda r: (r.in_flight, r.last_used))
        for replica in by_use[: max(0, self.size - replicas)]:
            self._retire(replica)

    async def close(self) -> None:
        """Refuse what waits, stop all replicas."""
        self._closed = True
        self._fail_waiting(ProviderError(503, f"{self.function.name} was removed."))
        if self._reaper:
            self._reaper.cancel()
        for replica in list(self.replicas.values()):
            self._retire(replica, at_once=True)
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def live(self) -> list[Replica]:
        """All processes, those too that retire."""
        return [*self.replicas.values(), *self._leaving]

    async def _acquire(self) -> Replica:
        replica = None if self._waiting else self._free()
        if replica is not None:
            replica.in_flight += 1
            return replica
        if self._is_full():
            text = f"{MOST_WAITING} requests wait for {self.function.name} as it is; try again."
            raise ProviderError(429, text, retry_after=1)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Replica] = loop.create_future()
        self._waiting.append(future)
        limit = self.function.exec_timeout + self._queue_timeout
        text = f"{self.function.name} had no free replica within {limit:g} s; try again."
        timer = loop.call_later(limit, _fail, future, ProviderError(503, text, retry_after=5))
        self._scale_up()
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and not future.exception():
                self._release(future.result())  # it came in the same moment: give it back
            raise
        finally:
            timer.cancel()

    def _is_full(self) -> bool:
        """Whether as many wait as may; those whose clients are gone are still in the row."""
        return (
            len(self._waiting) >= MOST_WAITING
            and sum(not future.done() for future in self._waiting) >= MOST_WAITING
        )

    def _release(self, replica: Replica) -> None:
        replica.in_flight -= 1
        replica.last_used = time.monotonic()
        if replica.retiring and replica.in_flight == 0:
            self._run(replica.stop(GRACE))
        self._offer()
        self._arm_reaper()

    def _free(self) -> Replica | None:
        bound = self.function.max_inflight
        for replica in self.replicas.values():
            has_slot = bound is None or replica.in_flight < bound
            if replica.ready and not replica.verdict and has_slot:
                return replica
        return None

    def _offer(self) -> None:
        while self._waiting:
            if self._waiting[0].done():  # timed out, or its client is gone
                self._waiting.popleft()
            elif (replica := self._free()) is not None:
                replica.in_flight += 1
                self._waiting.popleft().set_result(replica)
            else:
                return

    def _scale_up(self) -> None:
        if self._closed:
            return
        waiting = sum(not future.done() for future in self._waiting)
        demand = waiting + sum(r.in_flight for r in self.replicas.values())
        f = self.function
        for _ in range(desired(demand, f.max_inflight, f.floor, f.ceiling) - self.size):
            self._start_one()

    def _start_one(self) -> None:
        self._starting += 1
        self._run(self._start(self.function))

    async def _start(self, function: Function) -> None:
        try:
            replica = await self._spawned(function)
        except ProviderError as error:
            self._failed_to_start(error)
            return
        self.replicas[replica.name] = replica
        self._run(self._on_exit(replica))
        if function is not self.function or self._closed:  # deployed anew, or removed, meanwhile
            self._retire(replica)
            self._scale_up()
            return
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await replica.wait_ready()
        except TimeoutError:
            text = f"{replica.name} was not ready within {START_TIMEOUT:g} s and was killed."
            replica.kill(text)
            self._failed_to_start(ProviderError(502, text, replica=DIED), replica)
        except ProviderError as error:
            self._failed_to_start(error, replica)
        replica.last_used = time.monotonic()
        self._offer()
        self._arm_reaper()

    async def _spawned(self, function: Function) -> Replica:
        try:
            return await self._spawn(function)
        finally:  # else nothing would be started in its place, ever
            self._starting -= 1

    def _failed_to_start(self, error: ProviderError, replica: Replica | None = None) -> None:
        """Give waiting requests the reason, unless another replica may still serve them."""
        if replica is not None:
            if replica.retiring:
                return
            self.replicas.pop(replica.name, None)
        if not self.size:
            self._fail_waiting(error)

    def _fail_waiting(self, error: ProviderError) -> None:
        while self._waiting:
            _fail(self._waiting.popleft(), error)

    async def _on_exit(self, replica: Replica) -> None:
        await replica.gone
        self._leaving.discard(replica)
        died = self.replicas.pop(replica.name, None)
        if died and replica.ready:  # one that never served would only die again
            self._scale_up()

    def _retire(self, replica: Replica, at_once: bool = False) -> None:
        self.replicas.pop(replica.name, None)
        self._leaving.add(replica)
        replica.retiring = True
        if at_once or replica.in_flight == 0:
            self._run(replica.stop(GRACE))

    def _arm_reaper(self) -> None:
        idle = self._idle()
        if self._reaper is None and idle and self.size > self.function.floor:
            due = min(idle.values()) + self.function.idle_after - time.monotonic()
            loop = asyncio.get_running_loop()
            self._reaper = loop.call_later(max(0.0, due), self._reap)

    def _reap(self) -> None:
        self._reaper = None
        since = time.monotonic() - self.function.idle_after
        for name in surplus(self._idle(), self.size, self.function.floor, since):
            self._retire(self.replicas[name])
        self._arm_reaper()

    def _idle(self) -> dict[str, float]:
        return {r.name: r.last_used for r in self.replicas.values() if r.ready and not r.in_flight}

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fail(future: asyncio.Future[Replica], error: ProviderError) -> None:
    if not future.done():
        future.set_exception(error)
