"""Resident memory of the stack's long-lived Python processes, looked at from outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.report import Row
from tests.stack.support import Stack

WATCHED = ("gateway", "queue-worker")
EVERY = 0.05  # seconds
SETTLING = 2.0  # seconds after load until memory is looked at for the last time
MB = 1e6


class Memory:
    """What one process had, in MB."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.before = self.peak = self.after = self.now()

    def now(self) -> float:
        """Resident set size."""
        return float(self._process.memory_info().rss / MB)


@contextmanager
def watching(stack: Stack) -> Iterator[dict[str, Memory]]:
    """The memory of each watched process before, at most during, and after what is done."""
    children = stack.up().children
    seen = {name: Memory(children[name].pid) for name in WATCHED}
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            for memory in seen.values():
                memory.peak = max(memory.peak, memory.now())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
        over.wait(SETTLING)
    finally:
        over.set()
        thread.join()
        for memory in seen.values():
            memory.after = memory.now()


def rows(name: str, seen: dict[str, Memory]) -> list[Row]:
    """Before, peak, after, one line a process."""
    return [
        Row(
            benchmark=name,
            what=f"memory of the {process}, after",
            unit="MB",
            samples=[memory.after],
            note=f"before {memory.before:.1f}, peak {memory.peak:.1f}",
        )
        for process, memory in seen.items()
    ]
