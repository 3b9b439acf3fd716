"""Environments that a replica keeps by the state that they are in. Whoever has it takes them."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from faastraingym.algorithms.environments.sessions import Environments

MOST_SESSIONS, MOST_ENVIRONMENTS = 256, 4096
IDLE = 600.0  # seconds after which what nobody took is forgotten


class _Kept(NamedTuple):
    environments: Environments
    at: float  # seconds


class Warm:
    """A bounded table: the longest unused go first."""

    def __init__(
        self,
        sessions: int = MOST_SESSIONS,
        environments: int = MOST_ENVIRONMENTS,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin; while memory is `crowded`, the longest unused go."""
        self._most, self._crowded = (sessions, environments), crowded
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, content: bytes) -> Environments | None:
        """The environments in the state of this content, if they are here; they leave the table."""
        kept = self._kept.pop(_key(content), None)
        if kept is None:
            return None
        self._count -= kept.environments.count
        return kept.environments

    def peek(self, content: bytes) -> Environments | None:
        """As `take`, but they stay."""
        kept = self._kept.get(_key(content))
        return None if kept is None else kept.environments

    def put(self, content: bytes, environments: Environments, now: float) -> None:
        """Keep them, at `now` in seconds; those that took the same way go."""
        if (same := self.take(content)) is not None:
            same.close()
        self._kept[_key(content)] = _Kept(environments, now)
        self._count += environments.count
        while self._kept and self._is_surplus(next(iter(self._kept.values())), now):
            self._drop()

    def clear(self) -> None:
        """Let all go."""
        while self._kept:
            self._drop()

    def _is_surplus(self, oldest: _Kept, now: float) -> bool:
        fits = len(self._kept) <= self._most[0] and self._count <= self._most[1]
        return not fits or now - oldest.at >= IDLE or self._crowded()

    def _drop(self) -> None:
        _, kept = self._kept.popitem(last=False)
        self._count -= kept.environments.count
        kept.environments.close()


def _key(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
