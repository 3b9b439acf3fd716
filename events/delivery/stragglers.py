"""Rollouts that take much longer than their siblings: pure.

The rollouts of a batch do the same work, so one that takes a multiple of their median has met
something that others have not: a slow machine, a replica that hangs. What is known is of one
queue-worker's deliveries. Source: Dean and Barroso, The Tail at Scale (CACM 56(2), 2013).
"""

import math
import statistics
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from faastraingym.schemas.messages import CollectRollout

LEAST_SECONDS = 1.0  # nothing is late before: a second copy costs an invocation, or a cold start
REMEMBERED = 1_000  # batches

Batch = tuple[str, int]  # run and version


class Late(NamedTuple):
    """A rollout in flight that is late."""

    message_id: str
    command: CollectRollout
    seconds: float  # in flight
    median_seconds: float  # that its siblings took


class _Begun(NamedTuple):
    command: CollectRollout
    at: float
    told: bool = False  # that it is late


def median_of(siblings: Sequence[float]) -> float:
    """The median of the seconds that siblings took, infinite for one that has not ended."""
    return statistics.median(siblings) if siblings else math.inf


def is_late(seconds: float, median_seconds: float, factor: float) -> bool:
    """Whether a rollout that is in flight for `seconds` is a straggler."""
    return seconds >= max(LEAST_SECONDS, factor * median_seconds)


class Stragglers:
    """The rollouts in flight, by message, and how long others of their batches took."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._begun: dict[str, _Begun] = {}
        self._took: OrderedDict[Batch, dict[int, float]] = OrderedDict()  # by slot; newest last
        self._remembered = remembered

    def begin(self, message_id: str, command: CollectRollout, now: float) -> None:
        """A rollout whose specification has a factor begins, at `now` in monotonic seconds."""
        if command.straggler_factor is not UNSET:
            self._begun[message_id] = _Begun(command, now)

    def end(self, message_id: str, now: float, done: bool) -> None:
        """It has ended, well if `done`; only then its time counts."""
        begun = self._begun.pop(message_id, None)
        if begun is None or not done:
            return
        batch = _batch(begun.command)
        self._took.setdefault(batch, {})[begun.command.index] = now - begun.at
        self._took.move_to_end(batch)
        if len(self._took) > self._remembered:
            self._took.popitem(last=False)

    def late(self, now: float) -> list[Late]:
        """The rollouts that have become late; each is told once."""
        found = []
        for message_id, (command, at, told) in self._begun.items():
            factor = command.straggler_factor
            if told or factor is UNSET or now - at < LEAST_SECONDS:
                continue
            median = median_of(self._siblings(command))
            if is_late(now - at, median, factor):
                self._begun[message_id] = _Begun(command, at, told=True)
                found.append(Late(message_id, command, now - at, median))
        return found

    def _siblings(self, command: CollectRollout) -> list[float]:
        batch = _batch(command)
        unfinished = {b.command.index for b in self._begun.values() if _batch(b.command) == batch}
        took = {**self._took.get(batch, {}), **dict.fromkeys(unfinished, math.inf)}
        return [seconds for index, seconds in took.items() if index != command.index]


def _batch(command: CollectRollout) -> Batch:
    return command.run, command.version
