"""A run's invocations, their causes, and how each spent its time. Pure.

Before an invocation lies the time since its cause: waiting for a busy replica (`queue`), then a
`hop` or a `cold start`; or the `retry` of an attempt that failed. The cause is the fact that it
received, or its parent's act of sending. Clocks of several machines are compared as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.identity import Key, key_of
from faastraingym.events.telemetry.tracing import parse
from faastraingym.schemas.messages import (
    CollectRollout,
    InvocationCompleted,
    RolloutReissued,
    tag,
)

KINDS = {
    "environment": "environments: built, reset, stepped",
    "policy": "acting, and putting trajectories together",
    "rewards": "reward transforms",
    "update": "learning: the compiled update",
    "compile": "JAX traces, lowers and compiles, or finds it compiled",
    "film": "an evaluation's episodes: drawn, and encoded",
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
    "straggler": "from a rollout's command to its second, early one",
    "unmetered": "no invocation tells of it",
}
SENT = ("command", "gateway")
WORK = ("environment", "policy", "rewards", "update")  # the mathematics; all else is overhead


class Part(NamedTuple):
    """A stretch of time of one kind; Unix seconds."""

    kind: str
    begin: float
    end: float


class Invoked(NamedTuple):
    """One invocation; Unix seconds."""

    function: str
    replica: str
    key: Key  # of the message that it received
    span: str  # its own, and the one that caused it: ids, empty where it has none
    parent: str
    status: int
    begin: float
    end: float
    before: tuple[Part, ...]  # between its cause and its begin
    parts: tuple[Part, ...]  # from begin to end, without gaps


def invocations(said: Iterable[Recorded], usage: Iterable[InvocationCompleted]) -> list[Invoked]:
    """The run's invocations in the order in which they began."""
    facts: dict[Key, list[float]] = defaultdict(list)
    early: dict[Key, float] = {}  # when a rollout's second command was sent
    for record in said:
        facts[key_of(record.fact)].append(record.at)
        if isinstance(record.fact, RolloutReissued):
            early[tag(CollectRollout), record.fact.version, record.fact.index] = record.at
    ordered = sorted(usage, key=lambda one: one.started_at)
    alone = [_invoked(one) for one in ordered]
    by_span = {invoked.span: invoked for invoked in alone if invoked.span}
    found: list[Invoked] = []
    failed: dict[Key, float] = {}  # when the last attempt did
    last: dict[str, Invoked] = {}  # by replica
    for one, invoked in zip(ordered, alone, strict=True):
        again = failed.get(invoked.key, invoked.end) if invoked.key[0] else invoked.end
        cause = _cause(invoked, facts, by_span.get(invoked.parent))
        if again <= invoked.begin:
            before: tuple[Part, ...] = (Part("retry", again, invoked.begin),)
        elif cause is None:
            before = ()
        else:
            issued = early.get(invoked.key, invoked.end)
            late = (Part("straggler", cause, issued),) if issued <= invoked.begin else ()
            # a replica takes one command at a time, and any number of facts
            busy = None if invoked.key in facts or late else last.get(invoked.replica)
            waits = late or _waits(invoked, cause, busy)
            free = waits[-1].end if waits else cause
            before = (*waits, Part("cold start" if one.cold_start else "hop", free, invoked.begin))
        invoked = invoked._replace(before=before)
        found.append(invoked)
        if invoked.replica:  # else it died, and its name is unknown
            last[invoked.replica] = invoked
        if invoked.status != 200:
            failed[invoked.key] = invoked.end
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


def _invoked(one: InvocationCompleted) -> Invoked:
    own = parse(one.traceparent)
    return Invoked(
        function=one.function,
        replica=one.replica,
        key=(one.heard, one.version, one.index),
        span=own.span if own else "",
        parent=one.parent,
        status=one.status,
        begin=one.started_at,
        end=one.started_at + one.seconds,
        before=(),
        parts=parts(one),
    )


def _cause(
    invoked: Invoked, facts: Mapping[Key, Sequence[float]], parent: Invoked | None
) -> float | None:
    """The last time before an invocation when its fact was published or its command was sent."""
    sent = [part.begin for part in parent.parts if part.kind in SENT] if parent else []
    return max((at for at in facts.get(invoked.key, sent) if at <= invoked.begin), default=None)


def _waits(invoked: Invoked, cause: float, last: Invoked | None) -> tuple[Part, ...]:
    """A command's wait for the command before it on its replica: that one's wait and time."""
    if last is None or last.end > invoked.begin:
        return ()
    parts = (*last.before, Part("queue", last.begin, last.end))
    return tuple(part._replace(begin=max(part.begin, cause)) for part in parts if part.end > cause)


def lanes(found: Sequence[Invoked]) -> dict[tuple[str, str, int], list[Invoked]]:
    """Invocations by function, replica and track; those of a track do not overlap."""
    tracks: dict[tuple[str, str, int], list[Invoked]] = {}
    for invoked in found:
        number = 0
        while (lane := tracks.get((invoked.function, invoked.replica, number))) and (
            lane[-1].end > invoked.begin
        ):
            number += 1
        tracks.setdefault((invoked.function, invoked.replica, number), []).append(invoked)
    return tracks
