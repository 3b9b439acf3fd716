"""Fair scheduling: deliveries wait in lanes (queues), one per run, which take turns. Pure."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Set
from typing import Generic, NamedTuple, TypeVar

MOST = 2048  # deliveries that wait for a slot; four workers of a function are within the ack limit
MOST_BYTES = 32 << 20
LARGEST = 512 << 10  # bytes of one: the largest message in base64, with its headers

Item = TypeVar("Item")


class _Waiting(NamedTuple, Generic[Item]):
    item: Item
    size: int


class FairQueue(Generic[Item]):
    """Takes from each lane in turn, in a lane from the oldest; a new lane comes last."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[str, deque[_Waiting[Item]]] = OrderedDict()  # next turn first
        self._count = self._size = 0

    def __len__(self) -> int:
        return self._count

    @property
    def room(self) -> int:
        """How many more may come, however large they are."""
        return max(0, min(MOST - self._count, (MOST_BYTES - self._size) // LARGEST))

    def add(self, lane: str, item: Item, size: int) -> None:
        """`item`, of `size` bytes, waits in `lane`."""
        self._lanes.setdefault(lane, deque()).append(_Waiting(item, size))
        self._count += 1
        self._size += size

    def names(self) -> Set[str]:
        """The lanes with waiting items."""
        return self._lanes.keys()

    def lanes(self) -> Iterator[tuple[str, int]]:
        """The same, with the number of items in each."""
        return ((name, len(lane)) for name, lane in self._lanes.items())

    def next(self, may: Callable[[str], bool] = lambda _: True) -> Item | None:
        """The next item among the lanes that `may` allows; None: it allows none, or none waits.

        A lane that is not allowed keeps its turn.
        """
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
