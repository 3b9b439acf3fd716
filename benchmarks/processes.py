"""Trainings in processes of their own, with the threads that functions get."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from benchmarks.checkout import CHECKOUT
from benchmarks.plain_loop import THREADS

FAILED, CUT_OFF = 1, 130  # exit codes
Job = Callable[[], Awaitable[bool]]  # whether it ended well


async def printed(begun: Callable[[], None], module: str, *arguments: str) -> bytes | None:
    """What `python -m MODULE ARGUMENTS` prints; None if it fails, its errors on stderr.

    A caller that is cancelled meanwhile leaves no process behind.

    Args:
        begun: called once there is a process.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **THREADS},
    )
    try:
        begun()
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return None if process.returncode else said


async def all_of(jobs: Sequence[Job], at_once: int) -> int:
    """Do every job, `at_once` of them at a time; how many failed. SIGTERM cuts them off."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    gate = asyncio.Semaphore(at_once)

    async def in_turn(job: Job) -> bool:
        async with gate:
            return await job()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_turn(job)) for job in jobs]
    return sum(not task.result() for task in tasks)


def failures(work: Coroutine[Any, Any, int]) -> int:
    """How many jobs failed.

    Raises:
        SystemExit: the work was cut off.
    """
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("cut off; the same command goes on", file=sys.stderr)
        raise SystemExit(CUT_OFF) from None
