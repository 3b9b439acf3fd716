"""Windows of replay that a warm replica keeps between the updates of its runs.

A copy of objects in the store, that saves reading them again: no result depends on it. One that is
in use is not here, so two updates never write into the same.
"""

from collections import OrderedDict

from faastraingym.algorithms.replay.ring import Ring
from faastraingym.schemas.references import ObjectRef

MEMORY_MB = 2048  # the function's limit in stack.yml; used if none is set


class WarmWindows:
    """The windows of runs, the longest unused dropped first.

    Together they take at most half of `memory_mb`, the function's limit (0: not set), unless one
    alone takes more.
    """

    def __init__(self, memory_mb: int) -> None:
        self._most = (memory_mb or MEMORY_MB) << 19
        self._rings: OrderedDict[tuple[str, str], Ring] = OrderedDict()

    def take(self, manifest: ObjectRef, rows: int) -> Ring:
        """Removes and returns the run's window of `rows` versions, or an empty one."""
        return self._rings.pop((manifest.key, manifest.sha256), None) or Ring(rows)

    def keep(self, manifest: ObjectRef, ring: Ring) -> None:
        """Keep a window until the run's next update."""
        self._rings[manifest.key, manifest.sha256] = ring
        while len(self._rings) > 1 and sum(r.nbytes for r in self._rings.values()) > self._most:
            self._rings.popitem(last=False)
