"""The thread in which environments work; work that never ends ends its replica.

Nothing stops a thread, nor what a constructor or a step of somebody's environment waits for. So its
caller is told after a time, and the process goes: another takes its place, and all that is lost are
environments that a state makes again.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from faastraingym.events.ports import Unavailable
from faastraingym.schemas.answers import AnswerError

MOST_SECONDS = 90.0  # of a request's work: steps have 60, and building and repeating the rest
FAREWELL = 1.0  # seconds in which answers leave a replica that ends

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class Apart:
    """One thread: a renderer's context is its thread's, and Python runs one at a time."""

    def __init__(
        self, seconds: float = MOST_SECONDS, end: Callable[[int], object] = os._exit
    ) -> None:
        """Begin.

        Args:
            seconds: in which work ends, or the process does.
            end: ends the process, with an exit code. An orderly end would wait for the thread.
        """
        self._thread = ThreadPoolExecutor(1, "environments")
        self._seconds, self._end = seconds, end
        self._hangs = False

    async def do(self, work: Callable[..., Result], *given: Any) -> Result:
        """What `work` gives; health checks are answered meanwhile.

        Raises:
            AnswerError: it did not end in time.
            Unavailable: what was before it did not.
        """
        if self._hangs:
            raise Unavailable("this replica ends, for an environment hangs in it; ask again")
        loop = asyncio.get_running_loop()
        doing = loop.run_in_executor(self._thread, work, *given)
        done, _ = await asyncio.wait([doing], timeout=self._seconds)
        if done:
            done.clear()
            try:
                return doing.result()
            finally:  # or an error, by its traceback, would keep itself and its environments
                del doing
        self._hangs = True
        logger.error("an environment hangs; this replica ends")
        loop.call_later(FAREWELL, self._end, 1)
        raise AnswerError(
            "environment-failed",
            "",
            f"the environments did not answer in {self._seconds:g} s, and the replica that waited "
            "for them ends; take fewer steps since the last reset, or correct the environment",
        )
