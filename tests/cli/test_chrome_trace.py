"""The Chrome trace: what Perfetto needs of it."""

import json
from collections import Counter, defaultdict

import msgspec
import pytest

from faastraingym.cli.chrome_trace import document
from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import iterations
from tests.events.traced import SAID, USAGE

REQUIRED = {
    "M": {"name", "pid", "tid", "args"},
    "X": {"name", "cat", "pid", "tid", "ts", "dur"},
    "i": {"name", "cat", "pid", "tid", "ts", "s"},
    "s": {"name", "cat", "pid", "tid", "ts", "id"},
    "f": {"name", "cat", "pid", "tid", "ts", "id", "bp"},
}


@pytest.fixture(scope="module")
def events() -> list[dict]:
    found = invocations(SAID, USAGE)
    told = document(SAID, found, iterations(SAID, found))
    assert told["displayTimeUnit"] == "ms"
    read: list[dict] = json.loads(msgspec.json.encode(told))["traceEvents"]
    return read


def test_every_event_has_the_keys_of_its_phase(events) -> None:
    for event in events:
        assert event.keys() >= REQUIRED[event["ph"]]


def test_times_are_microseconds_that_do_not_go_back(events) -> None:
    """Since the run's first fact; durations are positive."""
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(260_000)
    assert all(event["dur"] > 0 for event in events if event["ph"] == "X")


def test_slices_of_a_thread_nest(events) -> None:
    """Each lies within the one that it began in: viewers draw nothing else."""
    threads = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            threads[event["pid"], event["tid"]].append(event)
    for slices in threads.values():
        open_until: list[float] = []
        for event in slices:
            end = event["ts"] + event["dur"]
            while open_until and open_until[-1] <= event["ts"] + 0.05:
                open_until.pop()
            assert not open_until or end <= open_until[-1] + 0.2  # rounded to 0.1 us
            open_until.append(end)


def test_every_arrow_has_two_ends_and_leads_forward(events) -> None:
    """One for each invocation whose cause is known."""
    arrows = defaultdict(dict)
    for event in events:
        if event["ph"] in "sf":
            arrows[event["id"]][event["ph"]] = event["ts"]
    assert len(arrows) == len(USAGE)
    assert all(ends["s"] <= ends["f"] for ends in arrows.values())


def test_every_process_and_thread_has_a_name(events) -> None:
    """One process for each function, one thread for each lane."""
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    assert {(e["pid"], e["tid"]) for e in events if e["ph"] != "M"} <= named
    processes = [e["args"]["name"] for e in events if e["name"] == "process_name"]
    assert sorted(processes) == [
        "aggregate-rewards", "plan-update", "rollout", "run", "update-policy",
    ]  # fmt: skip


def test_every_invocation_and_fact_is_there(events) -> None:
    kinds = Counter(event.get("cat") for event in events)
    assert kinds["invocation"] == len(USAGE)
    assert kinds["fact"] == len(SAID)
    assert kinds["iteration"] == 2
