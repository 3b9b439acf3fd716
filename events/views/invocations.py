"""A run's invocations as visits to functions: what called for each, and where its time went. Pure.

A visit begins with what lies between its cause and its function: waiting for a busy replica
(`queue`), then a `hop`, or a `cold start`, or the `retry` of an attempt that failed. Where
another run keeps the replica busy, that is a part of the hop. Clocks of several machines are
compared as they are: where they differ, hops are longer or shorter by that.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.identity import Key, key_of
from faastraingym.schemas.messages import (
    COMMANDS,
    CollectRollout,
    EvaluatePolicy,
    InvocationCompleted,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    UpdatePolicy,
    tag,
)

KINDS = {
    "environment": "environments: built, reset, stepped",
    "policy": "acting, and putting trajectories together",
    "rewards": "reward transforms",
    "update": "learning: the compiled update",
    "compile": "JAX traces, lowers and compiles, or finds it compiled",
    "store": "objects put and got",
    "msgpack": "arrays to bytes and back",
    "broker": "facts said, counted and read",
    "command": "commands queued",
    "gateway": "commands queued through the gateway, as runs of before did",
    "stage": "what remains of an invocation: signature, JSON, event loop, waiting for a core",
    "hop": "from fact or command to function: broker, queue-worker, gateway, HTTP",
    "cold start": "the same, and a replica that had to start",
    "queue": "waiting for a replica that is busy",
    "retry": "from an attempt that failed to the next",
    "unmetered": "no invocation tells of it",
}
SENT = ("command", "gateway")
WORK = ("environment", "policy", "rewards", "update")  # the mathematics; all else is overhead


class Part(NamedTuple):
    """A stretch of time of one kind; Unix seconds."""

    kind: str
    begin: float
    end: float


class Visit(NamedTuple):
    """One invocation; Unix seconds."""

    function: str
    replica: str
    key: Key  # of the message that it heard
    status: int
    begin: float
    end: float
    before: tuple[Part, ...]  # between its cause and its begin
    parts: tuple[Part, ...]  # from begin to end, without gaps


def visits(said: Iterable[Recorded], usage: Iterable[InvocationCompleted]) -> list[Visit]:
    """The run's invocations in the order in which they began."""
    causes = _Causes(said)
    found: list[Visit] = []
    for one in sorted(usage, key=lambda one: one.started_at):
        visit = _visit(one)
        visit = visit._replace(before=_before(visit, one.cold_start, causes))
        causes.add(visit)
        found.append(visit)
    return found


def parts(usage: InvocationCompleted) -> tuple[Part, ...]:
    """An invocation from its begin to its end: at each moment, the span that began last."""
    begin, seconds = usage.started_at, usage.seconds
    ends = [end for s in usage.spans for end in (s.begin, s.begin + s.seconds)]
    marks = sorted({0.0, seconds, *(min(max(end, 0.0), seconds) for end in ends)})
    found: list[Part] = []
    for a, b in pairwise(marks):
        going = [s for s in usage.spans if s.begin <= a and s.begin + s.seconds >= b]
        kind = max(going, key=lambda s: (s.begin, -s.seconds)).kind if going else "stage"
        if found and found[-1].kind == kind:
            found[-1] = found[-1]._replace(end=begin + b)
        else:
            found.append(Part(kind, begin + a, begin + b))
    return tuple(found)


def _visit(one: InvocationCompleted) -> Visit:
    return Visit(
        function=one.function,
        replica=one.replica,
        key=(one.heard, one.version, one.index),
        status=one.status,
        begin=one.started_at,
        end=one.started_at + one.seconds,
        before=(),
        parts=parts(one),
    )


def _before(visit: Visit, cold: bool, causes: "_Causes") -> tuple[Part, ...]:
    failed = causes.failed(visit)
    if failed is not None:
        return (Part("retry", failed, visit.begin),)
    cause = causes.of(visit)
    if cause is None:
        return ()
    waits = causes.waits(visit, cause)
    free = waits[-1].end if waits else cause
    return (*waits, Part("cold start" if cold else "hop", free, visit.begin))


class _Causes:
    """When what calls for a visit happened: a fact was said, a command was sent."""

    _commands = frozenset(map(tag, COMMANDS))  # their functions take one invocation at a time
    _planners = (tag(RewardsReady), tag(PolicyUpdated))  # what a planner hears

    def __init__(self, said: Iterable[Recorded]) -> None:
        self._said: dict[Key, list[float]] = defaultdict(list)
        self._beside: set[int] = set()  # versions whose rollouts were sent beside an update
        for record in said:
            self._said[key_of(record.fact)].append(record.at)
            if isinstance(record.fact, RolloutCompleted):
                ref, acted = record.fact.trajectory, record.fact.policy.version
                self._beside |= {ref.version} if acted < ref.version else set()
        self._failed: dict[Key, float] = {}
        self._last: dict[str, Visit] = {}  # by replica

    def add(self, visit: Visit) -> None:
        """What it makes a cause of: the update and the rollouts that a planner sent."""
        if visit.replica:  # else it died, and who tells of it does not know its name
            self._last[visit.replica] = visit
        if visit.status != 200:
            self._failed[visit.key] = visit.end
        sent = [part.begin for part in visit.parts if part.kind in SENT]
        name, version, _ = visit.key
        if name in self._planners and version is not None and sent:
            self._said[(tag(UpdatePolicy), version, None)].append(sent[-1])
            self._said[(tag(CollectRollout), version + 1, None)].append(sent[-1])

    def of(self, visit: Visit) -> float | None:
        """The last cause before the visit."""
        name, version, _ = visit.key
        key = visit.key
        if name == tag(CollectRollout) and version in self._beside:
            key = (name, version, None)
        elif name in (tag(CollectRollout), tag(EvaluatePolicy)):
            key = (tag(PolicyUpdated), version, None)
        return max((at for at in self._said[key] if at <= visit.begin), default=None)

    def failed(self, visit: Visit) -> float | None:
        """When the last attempt before this one failed."""
        end = self._failed.get(visit.key)
        return end if visit.key[0] and end is not None and end <= visit.begin else None

    def waits(self, visit: Visit, cause: float) -> tuple[Part, ...]:
        """A command's wait for the command before it: what that waited for, and it itself."""
        last = self._last.get(visit.replica)
        if last is None or visit.key[0] not in self._commands or last.end > visit.begin:
            return ()
        parts = (*last.before, Part("queue", last.begin, last.end))
        return tuple(p._replace(begin=max(p.begin, cause)) for p in parts if p.end > cause)


def lanes(found: Sequence[Visit]) -> dict[tuple[str, str, int], list[Visit]]:
    """Visits by function, replica and track: no two of a track overlap."""
    tracks: dict[tuple[str, str, int], list[Visit]] = {}
    for visit in found:
        number = 0
        while (lane := tracks.get((visit.function, visit.replica, number))) and (
            lane[-1].end > visit.begin
        ):
            number += 1
        tracks.setdefault((visit.function, visit.replica, number), []).append(visit)
    return tracks
