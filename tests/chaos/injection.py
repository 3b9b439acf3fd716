"""Doing to a stack what a plan says."""

import asyncio
import contextlib
import signal

import psutil

from embedded import processes
from embedded.state import StackFiles
from tests.chaos.deliveries import Deliveries
from tests.chaos.plan import REPLICA, Fault
from tests.chaos.proxy import Proxy
from tests.stack.support import Stack

PATIENCE = 60.0  # seconds until a victim must be there


class Injector:
    """Faults into one stack."""

    def __init__(self, stack: Stack, proxies: dict[str, Proxy], deliveries: Deliveries) -> None:
        self._stack = stack
        self._proxies = proxies
        self._deliveries = deliveries

    @property
    def blamed(self) -> list[str]:
        """Late copies that were held to be faulty."""
        return self._deliveries.blamed

    async def inject(self, fault: Fault) -> str:
        """Do it, for as long as it lasts; what it hit."""
        match fault.kind:
            case "kill":
                return await self._signalled(fault, signal.SIGKILL)
            case "pause":
                return await self._signalled(fault, signal.SIGSTOP)
            case "stack":
                return await asyncio.to_thread(self._power_cut)
            case "cut":
                broken = await self._proxies[fault.victim].cut(fault.seconds)
                return f"{broken} connections"
            case _:
                touched = await self._deliveries.trouble(fault.kind, fault.seconds, fault.draw)
                return f"{touched} requests"

    async def _signalled(self, fault: Fault, number: signal.Signals) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                name, process = await asyncio.to_thread(self._find, fault)
                with contextlib.suppress(psutil.NoSuchProcess):
                    if process is not None:
                        process.send_signal(number)
                        break
                await asyncio.sleep(0.02)  # it is being started again
        if number == signal.SIGSTOP:
            await asyncio.sleep(fault.seconds)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        return f"{name}, pid {process.pid}"

    def _find(self, fault: Fault) -> tuple[str, psutil.Process | None]:
        if fault.victim == REPLICA:
            return self._replica(fault.draw)
        state = StackFiles(self._stack.home).load()
        child = state.children.get(fault.victim) if state else None
        ours = {process.pid: process for process in processes.of_stack(self._stack.home)}
        return fault.victim, ours.get(child.pid) if child else None

    def _replica(self, draw: float) -> tuple[str, psutil.Process | None]:
        """One of any function that has some."""
        replicas = sorted(self._stack.all_replicas().items())
        if not replicas:
            return REPLICA, None
        function, processes_of_it = replicas[int(draw * len(replicas))]
        return function, processes_of_it[0]

    def _power_cut(self) -> str:
        """Everything at once, and then up."""
        victims = processes.of_stack(self._stack.home)
        for process in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(victims, timeout=PATIENCE)
        self._stack.up()
        return f"{len(victims)} processes"
