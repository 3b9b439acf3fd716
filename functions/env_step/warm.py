"""Environments that a replica keeps by the state that they are in. Whoever has it takes them."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from faastraingym.algorithms.environments.sessions import Environments
from faastraingym.algorithms.errors import EnvironmentFailed

MOST_SESSIONS, MOST_ENVIRONMENTS = 256, 4096
IDLE = 600.0  # seconds after which what nobody took is forgotten


class _Kept(NamedTuple):
    environments: Environments
    at: float  # seconds


class Warm:
    """A bounded table: the longest unused go first."""

    def __init__(
        self, sessions: int = MOST_SESSIONS, environments: int = MOST_ENVIRONMENTS
    ) -> None:
        self._most = sessions, environments
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

    def put(self, content: bytes, environments: Environments, now: float) -> None:
        """Keep them, at `now` in seconds; those that took the same way go."""
        if (same := self.take(content)) is not None:
            close(same)
        self._kept[_key(content)] = _Kept(environments, now)
        self._count += environments.count
        for key in [*self._surplus(now)]:
            kept = self._kept.pop(key)
            self._count -= kept.environments.count
            close(kept.environments)

    def _surplus(self, now: float) -> Iterator[bytes]:
        sessions, count = len(self._kept), self._count
        for key, kept in self._kept.items():
            fits = sessions <= self._most[0] and count <= self._most[1]
            if fits and now - kept.at < IDLE:
                return
            sessions, count = sessions - 1, count - kept.environments.count
            yield key


def close(environments: Environments) -> None:
    """Close what is needed no more; its own error then matters to nobody."""
    with suppress(EnvironmentFailed):
        environments.close()


def _key(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
