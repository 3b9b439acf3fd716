"""A run on the real stack, traced."""

import json
import threading
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from faastraingym.events.pipeline import subjects
from faastraingym.events.telemetry.tracing import of_run, parse
from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import iterations
from faastraingym.schemas.messages import InvocationCompleted, RolloutCompleted
from tests.stack.facts import PATIENCE, report
from tests.stack.specs import SHORT
from tests.stack.support import Stack

# Of a size that no other test has: a learner that is still warm has not compiled it.
UNCOMPILED = {**SHORT, "algorithm": {**SHORT["algorithm"], "hidden_sizes": [7]}}
DONE = {  # what the spans of each function must at least tell of
    "collect-rollout": {"store", "msgpack", "environment", "policy", "broker"},
    "update-policy": {"store", "msgpack", "update", "broker", "command"},
    "rewards.ready": {"broker", "command"},
    "rollout.completed": {"broker"},
}


async def test_every_rollout_and_update_of_a_run_has_its_spans(stack: Stack) -> None:
    """What store, broker, environment, policy and update took; the learner compiled once."""
    usage, _ = await _run(stack, "spans", UNCOMPILED)
    well = [one for one in usage if one.status == 200]
    versions = stack.json("show", "spans")["versions"]
    slots = {(u.version, u.index) for u in well if u.heard == "collect-rollout"}
    assert slots == {(version, index) for version in range(versions) for index in (0, 1)}
    assert {u.version for u in well if u.heard == "update-policy"} == set(range(versions))
    # a second delivery finds its work done, so the first of each is what counts
    firsts = {(u.heard, u.version, u.index): u for u in reversed(well)}
    for received in ("collect-rollout", "update-policy"):
        for one in (u for key, u in firsts.items() if key[0] == received):
            told = {span.kind for span in one.spans}
            assert told >= DONE[received] - {"command"}, one
    everything = {received: set[str]() for received in DONE}
    for one in well:
        everything.get(one.heard, set()).update(span.kind for span in one.spans)
    assert all(everything[received] >= kinds for received, kinds in DONE.items()), everything
    begun = [u for u in well if u.heard in ("run.started", "update-policy")]
    assert "compile" in {span.kind for u in begun for span in u.spans}


async def test_the_parts_of_every_iteration_add_up_to_it(stack: Stack) -> None:
    """From fact to fact without gaps; the trace command tells of as many and draws them."""
    usage, said = await _run(stack, "parts")
    found = iterations(said, invocations(said, usage))
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


async def test_a_run_is_one_trace_from_its_request_to_its_report(stack: Stack) -> None:
    """Every invocation is a span of it, below the run's own or another invocation's."""
    usage, _ = await _run(stack, "linked")
    contexts = [parse(one.traceparent) for one in usage]
    root = of_run("linked")
    assert {context and context.trace for context in contexts} == {root.trace}
    spans = {context.span: one for context, one in zip(contexts, usage, strict=True) if context}
    assert len(spans) == len(usage)
    parents: dict[str, set[str]] = defaultdict(set)
    for one in (u for u in usage if u.heard != "warm-up"):
        parents[one.function] |= {spans[one.parent].function} if one.parent in spans else set()
    assert [one.function for one in usage if one.parent == root.span] == ["start-run"]
    assert parents["aggregate-rewards"] == {"rollout"}
    assert parents["plan-update"] == {"aggregate-rewards"}
    assert parents["update-policy"] == {"start-run", "plan-update"}
    assert parents["rollout"] == parents["evaluate"] == {"update-policy"}


async def test_a_traces_caller_goes_on_in_the_run(stack: Stack) -> None:
    """A pipeline that has a trace sees the run in it: TRACEPARENT, as OpenTelemetry names it."""
    caller = of_run("a pipeline")
    stack.environment["TRACEPARENT"] = str(caller)
    try:
        usage, _ = await _run(stack, "called")
    finally:
        del stack.environment["TRACEPARENT"]
    found = [parse(one.traceparent) for one in usage]
    assert {context and context.trace for context in found} == {caller.trace}
    (start,) = [one for one in usage if one.function == "start-run"]
    assert start.parent == caller.span


async def test_a_runs_lines_are_found_across_functions(stack: Stack) -> None:
    """One for each invocation at least, with what it was about; none of another run."""
    usage, _ = await _run(stack, "lines")
    done = stack.cli("logs", "lines", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["run"] for line in lines} == {"lines"}
    assert {line["call_id"] for line in lines} >= {one.call_id for one in usage}
    assert {line["trace_id"] for line in lines} == {of_run("lines").trace}
    rollouts = {(o.get("version"), o.get("index")) for o in lines if o["function"] == "rollout"}
    assert rollouts >= {(0, 0), (0, 1), (1, 0), (1, 1)}


async def test_a_runs_lines_are_followed_while_it_goes_on(stack: Stack) -> None:
    """From its first to its last, each once."""
    stack.start("heard", SHORT)
    following = stack.popen("logs", "heard", "--follow", "--json")
    assert following.stdout is not None
    too_long = threading.Timer(PATIENCE, following.kill)
    too_long.start()
    lines = []
    try:
        for text in following.stdout:
            lines.append(json.loads(text))
            if lines[-1]["heard"] == "run.completed":
                break
    finally:
        too_long.cancel()
        following.kill()
        following.communicate()
    assert {"start-run", "rollout", "conclude-run"} <= {line["function"] for line in lines}
    ends = [line["span_id"] for line in lines if "status" in line]
    assert len(set(ends)) == len(ends)


async def _run(
    stack: Stack, run: str, spec: dict[str, Any] = SHORT
) -> tuple[list[InvocationCompleted], list]:
    stack.start(run, spec)
    async with stack.connect() as connected:
        await report(connected, run)
        said = await connected.facts.read(*subjects.of_run(run))
        return await connected.facts.usage(run), said


def _bytes(stack: Stack, name: str) -> bytes:
    return Path(stack.home, name).read_bytes()
