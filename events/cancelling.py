"""Ending tasks for certain.

In Python 3.11 `asyncio.wait_for`, by which nats-py waits for each answer, loses a cancellation that
comes at the same moment as the answer (bpo-37658, mended in 3.12), and the task goes on.
"""

import asyncio
from typing import Any

AGAIN_SECONDS = 2.0  # what a task has to do at its end takes less


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until each has ended; what they raised stays with them."""
    while going := [task for task in tasks if not task.done()]:
        for task in going:
            task.cancel()
        await asyncio.wait(going, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
