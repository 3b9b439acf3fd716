"""Trainings in processes of their own, with the threads that functions get."""

import asyncio
import os
import sys
from collections.abc import Callable

from benchmarks.checkout import CHECKOUT
from benchmarks.plain_loop import THREADS


async def printed(begun: Callable[[], None], module: str, *arguments: str) -> bytes | None:
    """What `python -m MODULE ARGUMENTS` prints; None if it fails, its errors on stderr.

    Whoever is cancelled meanwhile leaves no process behind.

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
