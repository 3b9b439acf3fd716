"""Whether a run is over, so that its remaining work is dropped."""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import FactLog, Unavailable
from faastraingym.schemas import messages as m

BELIEVED_SECONDS = 1.0  # for "goes on"; "over" is read each time, as a run may be resumed
REMEMBERED = 1000  # runs


class Endings:
    """Reads the log, at most once a second for a run that goes on."""

    def __init__(self, facts: FactLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._facts = facts
        self._clock = clock
        self._going_on: OrderedDict[str, float] = OrderedDict()  # until when that is believed

    async def is_over(self, run: str) -> bool:
        """Whether its newest segment has ended, or will, or it was removed.

        It will end if a delivery of it was given up.
        """
        history = await self._history(run)
        return history.removed or _is_over(history)

    async def is_removed(self, run: str) -> bool:
        """Whether it was removed: then none of its facts is of use either."""
        return (await self._history(run)).removed

    async def _history(self, run: str) -> History:
        """What tells that; nothing for a run that goes on, or that cannot be read just now."""
        if self._going_on.get(run, 0.0) > self._clock():
            return History()
        history = History()
        with suppress(Unavailable):  # then it is tried, as if it went on
            kinds = (m.RunCompleted, m.RunFailed, m.RunResumed, m.InvocationDeadLettered)
            filters = [subjects.below(kind, run) for kind in kinds]
            removed = subjects.of_kind(m.RunRemoved, run)
            history = fold(await self._facts.read(*filters, removed))
        if not (history.removed or _is_over(history)):
            self._going_on.pop(run, None)
            self._going_on[run] = self._clock() + BELIEVED_SECONDS
            if len(self._going_on) > REMEMBERED:
                self._going_on.popitem(last=False)
        return history

    def forget(self, run: str) -> None:
        """Read the log again: a fact of the run has just been published."""
        self._going_on.pop(run, None)


def _is_over(history: History) -> bool:
    return history.end is not None or bool(history.dead_letters)
