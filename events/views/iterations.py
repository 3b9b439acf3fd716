"""Iterations and their critical paths: pure.

An iteration lasts from one `policy.updated` to the next. Its critical path is the invocation that
published its end, the invocation that caused that one, and so on, without gaps.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.identity import Key, key_of
from faastraingym.events.views.invocations import Invoked, Part
from faastraingym.schemas.messages import RunStarted, UpdatePolicy, tag

SENDING, UPDATE = "sending", "update-policy"  # the update's last act is the next iteration's first
STEPS = (SENDING, "rollout", "aggregate-rewards", "plan-update", UPDATE)


class Step(NamedTuple):
    """One function's part of the critical path, with the time before it."""

    name: str
    parts: tuple[Part, ...]


class Iteration(NamedTuple):
    """From policy version `version` to the next; Unix seconds."""

    version: int
    begin: float
    end: float
    path: tuple[Step, ...]

    @property
    def parts(self) -> list[Part]:
        """The whole path."""
        return [part for step in self.path for part in step.parts]


def iterations(said: Sequence[Recorded], invocations: Iterable[Invoked]) -> list[Iteration]:
    """The run's iterations, except those in which it had ended and was resumed."""
    history, known = fold(said), _Known(said, invocations)
    pauses = [segment.end_at for segment in history.segments.values() if segment.end_at]
    found = []
    for version, begin in sorted(history.committed_at.items()):
        end = history.committed_at.get(version + 1)
        if end is not None and not any(begin <= pause < end for pause in pauses):
            found.append(Iteration(version, begin, end, known.path(version, begin, end)))
    return found


class _Known:
    def __init__(self, said: Iterable[Recorded], invocations: Iterable[Invoked]) -> None:
        self._at = {key_of(record.fact): record.at for record in said}
        self._by_key: Mapping[Key, list[Invoked]] = defaultdict(list)
        self._by_span: dict[str, Invoked] = {}
        for invoked in invocations:
            self._by_key[invoked.key].append(invoked)
            self._by_span[invoked.span] = invoked
        self._by_span.pop("", None)

    def path(self, version: int, begin: float, end: float) -> tuple[Step, ...]:
        sending, chain = self._maker(version, begin), self._chain(version, begin, end)
        if sending and sending not in chain:  # it sent the rollouts, though no span leads there
            chain.insert(0, sending)
        parts: dict[str, tuple[Part, ...]] = dict.fromkeys(STEPS, ())
        cursor = begin
        for invoked, following in zip_longest(chain, chain[1:]):
            name = SENDING if invoked is sending else invoked.function
            called = self._at.get(following.key, following.begin) if following else end
            until = max(cursor, min(called, invoked.end, end))
            if name in parts:
                parts[name] = tuple(_between(cursor, until, self._attempts(invoked)))
                cursor = until
        if cursor < end:
            parts[UPDATE] = (*parts[UPDATE], Part("unmetered", cursor, end))
        return tuple(Step(name, parts[name]) for name in STEPS)

    def _chain(self, version: int, begin: float, end: float) -> list[Invoked]:
        chain: list[Invoked] = []
        invoked = self._maker(version + 1, end)
        while invoked and invoked not in chain:
            chain.insert(0, invoked)
            invoked = self._by_span.get(invoked.parent) if invoked.begin > begin else None
        return chain

    def _maker(self, version: int, at: float) -> Invoked | None:
        made_of = (tag(UpdatePolicy), version - 1, None)
        tries = self._by_key.get(made_of if version else (tag(RunStarted), None, None), [])
        tries = [invoked for invoked in tries if invoked.begin < at]
        return next((v for v in tries if v.end >= at), tries[-1] if tries else None)

    def _attempts(self, invoked: Invoked) -> list[Part]:
        """The parts before and in an invocation, and those of failed attempts before it."""
        tries = self._by_key[invoked.key]
        tries = [v for v in tries if v is invoked or (v.status != 200 and v.end <= invoked.begin)]
        return [part for one in tries for part in (*one.before, *one.parts)]


def _between(cursor: float, until: float, known: Iterable[Part]) -> list[Part]:
    """The known parts between two moments, without overlaps; the rest is unmetered."""
    found = []
    for part in known:
        begin, end = max(part.begin, cursor), min(part.end, until)
        if end <= begin:
            continue
        if begin > cursor:
            found.append(Part("unmetered", cursor, begin))
        found.append(Part(part.kind, begin, end))
        cursor = end
    if until > cursor:
        found.append(Part("unmetered", cursor, until))
    return found
