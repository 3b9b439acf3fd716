"""Memory limits where Linux keeps none: looked after while replicas live, not at all otherwise."""

import asyncio
import time
from collections.abc import Callable, Iterable

import psutil

from faastraingym.embedded.contract.messages import Usage
from faastraingym.embedded.provider.replica import Replica, over_memory

INTERVAL = 1.0  # seconds between two looks


class MemoryWatch:
    """Kills a replica whose resident memory is over its function's limit."""

    def __init__(self, live: Callable[[], list[Replica]]) -> None:
        self._live = live
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """A replica was started: watch, until none is left."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while replicas := self._live():
            for replica in replicas:
                _enforce(replica)
            await asyncio.sleep(INTERVAL)


def usage(replicas: Iterable[Replica]) -> Usage:
    """The usage of all replicas together: milli-cores, as a mean over their lives; bytes now."""
    cores = resident = 0.0
    for replica in replicas:
        try:
            process = psutil.Process(replica.pid)
            with process.oneshot():
                times, age = process.cpu_times(), time.time() - process.create_time()
                cores += (times.user + times.system) / max(0.01, age)
                resident += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu=1000 * cores, total_memory_bytes=resident)


def _enforce(replica: Replica) -> None:
    limit = replica.function.memory_bytes
    if limit is None or replica.is_bounded:
        return
    try:
        used = psutil.Process(replica.pid).memory_info().rss
    except psutil.NoSuchProcess:
        return
    if used > limit:
        replica.kill(over_memory(replica.name, replica.function, used))
