"""A run in the Chrome trace event format, for https://ui.perfetto.dev: pure.

A process for each function, a thread for each lane; slices are invocations and what they did,
arrows lead from where something was published to who received it. Times are microseconds since
the run's first fact.
(https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU)
"""

from collections.abc import Iterator, Sequence
from typing import Any

from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.identity import Key, key_of
from faastraingym.events.views.invocations import Invoked, lanes
from faastraingym.events.views.iterations import Iteration
from faastraingym.schemas.messages import PolicyUpdated

Event = dict[str, Any]
RUN, PATH, FACTS = 1, 1, 2  # process and threads of what belongs to no function


def document(
    said: Sequence[Recorded], invocations: Sequence[Invoked], iterations: Sequence[Iteration]
) -> Event:
    """The whole trace."""
    origin = said[0].at
    events = [*_slices(invocations), *_iterations(iterations), *_facts(said)]
    for event in events:
        event["ts"] = round((event["ts"] - origin) * 1e6, 1)
        if "dur" in event:
            event["dur"] = round(event["dur"] * 1e6, 1)
    # of slices that begin together the longer one comes first: it is the outer one
    events.sort(key=lambda event: (event["ts"], -event.get("dur", 0.0)))
    return {"traceEvents": [*_names(invocations), *events], "displayTimeUnit": "ms"}


def _names(invocations: Sequence[Invoked]) -> Iterator[Event]:
    yield _name("process_name", RUN, 0, "run")
    yield _name("thread_name", RUN, PATH, "critical path")
    yield _name("thread_name", RUN, FACTS, "facts")
    for process, threads in enumerate(_threads(invocations).items(), RUN + 1):
        function, tracks = threads
        yield _name("process_name", process, 0, function)
        for thread, (replica, number) in enumerate(tracks, 1):
            name = f"{replica} ({number + 1})" if number else replica
            yield _name("thread_name", process, thread, name)


def _name(what: str, process: int, thread: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _threads(invocations: Sequence[Invoked]) -> dict[str, dict[tuple[str, int], list[Invoked]]]:
    """Lanes by function."""
    found: dict[str, dict[tuple[str, int], list[Invoked]]] = {}
    for (function, replica, number), lane in lanes(invocations).items():
        found.setdefault(function, {})[replica, number] = lane
    return found


def _slices(invocations: Sequence[Invoked]) -> Iterator[Event]:
    number = 0
    for process, tracks in enumerate(_threads(invocations).values(), RUN + 1):
        for thread, lane in enumerate(tracks.values(), 1):
            for invoked in lane:
                number += 1
                yield from _invoked(invoked, process, thread, number)


def _invoked(invoked: Invoked, process: int, thread: int, number: int) -> Iterator[Event]:
    received, version, index = invoked.key
    place = {"pid": process, "tid": thread}
    about = {"heard": received, "version": version, "index": index, "status": invoked.status}
    name = _title(invoked.key) or invoked.function
    yield _slice(name, "invocation", invoked.begin, invoked.end, place) | {"args": about}
    for part in invoked.parts:
        yield _slice(part.kind, part.kind, part.begin, part.end, place)
    for part in invoked.before[:1]:  # an arrow from the line of facts
        flow = {"name": invoked.before[-1].kind, "cat": "hop", "id": number}
        yield {"ph": "s", **flow, "pid": RUN, "tid": FACTS, "ts": part.begin}
        yield {"ph": "f", "bp": "e", **flow, **place, "ts": invoked.begin}


def _iterations(iterations: Sequence[Iteration]) -> Iterator[Event]:
    place = {"pid": RUN, "tid": PATH}
    for one in iterations:
        yield _slice(f"iteration {one.version}", "iteration", one.begin, one.end, place)
        for step in one.path:
            for part in step.parts:
                yield _slice(f"{step.name}: {part.kind}", part.kind, part.begin, part.end, place)


def _facts(said: Sequence[Recorded]) -> Iterator[Event]:
    for record in said:
        about = {"name": _title(key_of(record.fact)), "cat": "fact", "pid": RUN, "tid": FACTS}
        scope = "g" if isinstance(record.fact, PolicyUpdated) else "t"
        yield {"ph": "i", **about, "s": scope, "ts": record.at}


def _title(key: Key) -> str:
    return " ".join(str(part) for part in key if part not in ("", None))


def _slice(name: str, kind: str, begin: float, end: float, place: dict[str, int]) -> Event:
    return {"ph": "X", "name": name, "cat": kind, **place, "ts": begin, "dur": end - begin}
