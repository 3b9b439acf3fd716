"""A run on the real stack, traced."""

import json
from itertools import pairwise
from pathlib import Path

from events import subjects
from events.iterations import iterations
from events.visits import visits
from schemas.messages import InvocationCompleted, RolloutCompleted
from tests.stack.facts import report
from tests.stack.specs import SHORT
from tests.stack.support import Stack

DONE = {  # what the spans of each function must at least tell of
    "collect-rollout": {"store", "msgpack", "environment", "policy", "broker"},
    "update-policy": {"store", "msgpack", "update", "broker", "gateway"},
    "rewards.ready": {"broker", "gateway"},
    "rollout.completed": {"broker"},
}


async def test_every_rollout_and_update_of_a_run_has_its_spans(stack: Stack) -> None:
    """What store, broker, environment, policy and update took; the learner compiled once."""
    usage, _ = await _run(stack, "spans")
    well = [one for one in usage if one.status == 200]
    versions = stack.json("show", "spans")["versions"]
    slots = {(u.version, u.index) for u in well if u.heard == "collect-rollout"}
    assert slots == {(version, index) for version in range(versions) for index in (0, 1)}
    assert {u.version for u in well if u.heard == "update-policy"} == set(range(versions))
    # a second delivery finds its work done, so the first of each is what counts
    firsts = {(u.heard, u.version, u.index): u for u in reversed(well)}
    for heard in ("collect-rollout", "update-policy"):
        for one in (u for key, u in firsts.items() if key[0] == heard):
            told = {span.kind for span in one.spans}
            assert told >= DONE[heard] - {"gateway"}, one
    everything = {heard: set[str]() for heard in DONE}
    for one in well:
        everything.get(one.heard, set()).update(span.kind for span in one.spans)
    assert all(everything[heard] >= kinds for heard, kinds in DONE.items()), everything
    begun = [u for u in well if u.heard in ("run.started", "update-policy")]
    assert "compile" in {span.kind for u in begun for span in u.spans}


async def test_the_parts_of_every_iteration_add_up_to_it(stack: Stack) -> None:
    """From fact to fact without gaps; the trace command tells of as many and draws them."""
    usage, said = await _run(stack, "parts")
    found = iterations(said, visits(said, usage))
    versions = sum(isinstance(r.fact, RolloutCompleted) for r in said) // 2
    assert [iteration.version for iteration in found] == list(range(versions))
    for iteration in found:
        parts = iteration.parts
        assert all(a.end == b.begin for a, b in pairwise(parts))
        length = iteration.end - iteration.begin
        assert abs(sum(p.end - p.begin for p in parts) - length) < 1e-5
        kinds = {part.kind for part in parts}
        assert kinds >= {"environment", "update", "store", "broker"}, kinds
        assert kinds & {"hop", "cold start"}
    told = stack.json("trace", "parts", "--out", "parts.png", "--out", "parts.json")
    assert (told["iterations"], told["first"], told["last"]) == (versions, 0, versions)
    assert _bytes(stack, "parts.png").startswith(b"\x89PNG")
    events = json.loads(_bytes(stack, "parts.json"))["traceEvents"]
    assert sum(event.get("cat") == "invocation" for event in events) >= len(usage)


async def _run(stack: Stack, run: str) -> tuple[list[InvocationCompleted], list]:
    stack.start(run, SHORT)
    async with stack.connect() as connected:
        await report(connected, run)
        said = await connected.facts.read(*subjects.of_run(run))
        return await connected.facts.usage(run), said


def _bytes(stack: Stack, name: str) -> bytes:
    return Path(stack.home, name).read_bytes()
