"""Fair scheduling: deliveries wait in lanes (queues), one per run, which take turns. Pure."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

MOST = 2048  # deliveries that wait for a slot; four workers of a function are within the ack limit
MOST_BYTES = 32 << 20
LARGEST = 512 << 10  # bytes of one: the largest message in base64, with its headers

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Takes from each lane in turn, in a lane from the oldest; a new lane comes last."""

    def __init__(self) -> None:
        # Items and their bytes by lane; the lane whose turn is next comes first.
        self._lanes: OrderedDict[str, deque[tuple[Item, int]]] = OrderedDict()
        self._count = self._size = 0

    def __len__(self) -> int:
        return self._count

    @property
    def room(self) -> int:
        """How many more may come, however large they are."""
        return max(0, min(MOST - self._count, (MOST_BYTES - self._size) // LARGEST))

    def add(self, lane: str, item: Item, size: int) -> None:
        """Let `item`, of `size` bytes, wait in `lane`."""
        self._lanes.setdefault(lane, deque()).append((item, size))
        self._count += 1
        self._size += size

    def lanes(self) -> dict[str, int]:
        """The number of items in each lane that has any."""
        return {name: len(lane) for name, lane in self._lanes.items()}

    def next(self, may: Callable[[str], bool] = lambda _: True) -> Item | None:
        """The next item of a lane that `may` allows, if any; the other lanes keep their turn."""
        lane = next(filter(may, self._lanes), None)
        if lane is None:
            return None
        item, size = self._lanes[lane].popleft()
        self._lanes.move_to_end(lane)
        if not self._lanes[lane]:
            del self._lanes[lane]
        self._count -= 1
        self._size -= size
        return item
