"""Environments that a warm replica keeps as a rollout left them, for the slot's next one.

Their key is the manifest and the trajectory that they ended, so they are never the wrong ones, and
each is given to one caller only. Environments that are restored give the same bits: this cache only
saves time.
"""

import resource
import sys
from collections import OrderedDict
from collections.abc import Callable

from faastraingym.algorithms.actors.step_loop import Start
from faastraingym.schemas.references import ObjectRef

CAPACITY = 8  # slots
MEMORY_MB = 512  # the function's limit in stack.yml; used if none is set


def peak_mb() -> float:
    """The most memory that this process has ever held, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


class WarmEnvironments:
    """The environments of slots, the longest unused dropped first.

    `memory_mb` is the function's limit (0: not set) and `used_mb` the peak of this process. Beyond
    half of the limit nothing is cached, since other environments need room too.
    """

    def __init__(self, memory_mb: int, used_mb: Callable[[], float] = peak_mb) -> None:
        self._most = (memory_mb or MEMORY_MB) / 2
        self._used_mb = used_mb
        self._starts: OrderedDict[tuple[str, str], Start] = OrderedDict()

    def take(self, manifest: ObjectRef, trajectory: ObjectRef) -> Start | None:
        """Removes and returns the environments at the end of `trajectory`, if they are here."""
        return self._starts.pop((manifest.sha256, trajectory.sha256), None)

    def keep(self, manifest: ObjectRef, trajectory: ObjectRef, start: Start) -> None:
        """Cache the environments at the end of `trajectory`."""
        self._starts[manifest.sha256, trajectory.sha256] = start
        allowed = CAPACITY if self._used_mb() < self._most else 0
        while len(self._starts) > allowed:
            self._starts.popitem(last=False)
