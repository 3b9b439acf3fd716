"""Doing to a stack what a plan says."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from faastraingym.embedded import processes
from faastraingym.embedded.state import StackFiles
from faastraingym.events.topology import stack_file
from tests.chaos import losses
from tests.chaos.deliveries import Deliveries
from tests.chaos.plan import INTERRUPT, MOST_FACTS, REPLICA, VICTIMS, Fault
from tests.chaos.progress import Progress
from tests.chaos.proxy import Proxy
from tests.reward_servers import NAME
from tests.stack.support import Stack

PATIENCE = 60.0  # seconds until a victim must be there
LATEST_INTERRUPT = 0.05  # seconds after the fact that its victim hears

Found = tuple[str, psutil.Process | None]


def hearers() -> dict[str, str]:
    """The function that hears a topic, for each whose hearer is interrupted."""
    functions = stack_file.functions(stack_file.load(stack_file.path({}), {}))
    topics = VICTIMS[INTERRUPT]
    return {topic: one.name for one in functions for topic in topics if topic in one.topics}


class Injector:
    """Faults into one stack."""

    def __init__(self, stack: Stack, proxies: dict[str, Proxy], deliveries: Deliveries) -> None:
        self._stack = stack
        self._proxies = proxies
        self._deliveries = deliveries
        self._hearers = hearers()

    @property
    def blamed(self) -> list[str]:
        """Late copies that were held to be faulty."""
        return self._deliveries.blamed

    async def inject(self, fault: Fault, progress: Progress) -> str:
        """Do it, for as long as it lasts; what it hit. Some faults wait for `progress`."""
        match fault.kind:
            case "kill":
                return await self._signalled(fault, signal.SIGKILL)
            case "pause":
                return await self._signalled(fault, signal.SIGSTOP)
            case "interrupt":
                return await self._interrupted(fault, self._hearers[fault.victim], progress)
            case "function":
                return await self._interrupted(fault, NAME, progress)
            case "stack":
                return await asyncio.to_thread(self._power_cut)
            case "rollback":
                return await self._rolled_back(fault, progress)
            case "store":
                return await asyncio.to_thread(self._power_cut, losses.emptied)
            case "block":
                return await asyncio.to_thread(
                    self._power_cut, partial(losses.cut, draw=fault.draw)
                )
            case "cut":
                broken = await self._proxies[fault.victim].cut(fault.seconds)
                return f"{broken} connections"
            case _:
                touched = await self._deliveries.trouble(fault.kind, fault.seconds, fault.draw)
                return f"{touched} requests"

    async def _rolled_back(self, fault: Fault, progress: Progress) -> str:
        """Copy the store's data, and some facts later put the copy in their place."""
        facts = 1 + int(fault.draw * MOST_FACTS)
        with tempfile.TemporaryDirectory(prefix="ftg-chaos-copy-") as name:
            copy = Path(name) / "data"
            await self._done_to(
                lambda: self._server("weed"),
                lambda store: losses.copied(self._stack.home, copy, store),
            )
            await progress.more(facts)
            lose = partial(losses.rolled_back, copy=copy)
            return f"{facts} facts, {await asyncio.to_thread(self._power_cut, lose)}"

    async def _interrupted(self, fault: Fault, function: str, progress: Progress) -> str:
        """Kill who works on the next such fact; the process is found before: it takes longer."""
        known = [await asyncio.to_thread(self._replica_of, function)]
        await progress.more(1, fault.victim)
        await asyncio.sleep(fault.draw * LATEST_INTERRUPT)
        name, process = await self._done_to(
            lambda: known.pop() if known else self._replica_of(function), psutil.Process.kill
        )
        return f"{name}, pid {process.pid}"

    async def _signalled(self, fault: Fault, number: signal.Signals) -> str:
        name, process = await self._done_to(
            lambda: self._find(fault), lambda process: process.send_signal(number)
        )
        if number == signal.SIGSTOP:
            try:
                await asyncio.sleep(fault.seconds)
            finally:  # though something else goes wrong meanwhile: the stack is still asked
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
        return f"{name}, pid {process.pid}"

    async def _done_to(
        self, find: Callable[[], Found], do: Callable[[psutil.Process], None]
    ) -> tuple[str, psutil.Process]:
        """Do it to a process as soon as it is there; which one that was."""
        async with asyncio.timeout(PATIENCE):
            while True:
                name, process = await asyncio.to_thread(find)
                with contextlib.suppress(psutil.NoSuchProcess):
                    if process is not None:
                        await asyncio.to_thread(do, process)
                        return name, process
                await asyncio.sleep(0.02)  # it is being started again

    def _find(self, fault: Fault) -> Found:
        return self._replica(fault.draw) if fault.victim == REPLICA else self._server(fault.victim)

    def _server(self, name: str) -> Found:
        state = StackFiles(self._stack.home).load()
        child = state.children.get(name) if state else None
        ours = {process.pid: process for process in processes.of_stack(self._stack.home)}
        return name, ours.get(child.pid) if child else None

    def _replica(self, draw: float) -> Found:
        """One of any function that has some."""
        replicas = sorted(self._stack.all_replicas().items())
        if not replicas:
            return REPLICA, None
        function, processes_of_it = replicas[int(draw * len(replicas))]
        return function, processes_of_it[0]

    def _replica_of(self, function: str) -> Found:
        found = self._stack.all_replicas().get(function)
        return function, found[0] if found else None

    def _power_cut(self, lose: Callable[[Path], str] | None = None) -> str:
        """Everything at once, then what its disks lose, and then up."""
        victims = processes.of_stack(self._stack.home)
        for process in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(victims, timeout=PATIENCE)
        lost = lose(self._stack.home) if lose else ""
        self._stack.up()
        return ", ".join(filter(None, (f"{len(victims)} processes", lost)))
