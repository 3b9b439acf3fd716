"""Cold starts: from zero replicas to the first answer, through the gateway.

Each function of stack.yml is scaled to zero and its processes have ended before the clock starts.
The first request is unsigned, so the stage answers 400 (`start-run`, which outsiders reach, 401;
`reconcile` needs no signature and answers 200): the process, its imports, its connections and its
server are measured, its work is not. The learner is measured with its first update too, a real one,
from the compile cache of an earlier run. Files are in the system's page cache. What a start
consists of is measured in a process of its own that has a replica's environment and does the same
until it would listen.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks import runs, stacks
from benchmarks.gateways import STACK, AsyncAdmission
from benchmarks.report import Floor, Row
from benchmarks.samples import median
from faastraingym.adapters.http.signing import sign
from faastraingym.embedded.state import StackState
from faastraingym.events.pipeline.planning import plan
from faastraingym.events.topology import stack_file
from faastraingym.events.views.invocations import parts
from faastraingym.schemas import messages
from faastraingym.schemas.messages import InvocationCompleted, RewardsReady
from faastraingym.schemas.specification import RunSpec

GOALS = {"rollout": 0.5}
FIRST = {"reconcile": 200, "start-run": 401}  # what an unsigned request is answered, where not 400
LEARNER = "update-policy"
FLOORS = {
    "rollout": Floor(0.35, "NumPy and Gymnasium imported"),
    LEARNER: Floor(1.4, "JAX imported"),
}
FLOOR = Floor(1.7, "JAX imported, its programs read from the compile cache 0.3")
RUN = "cold-starts"
PROBE = stacks.CHECKOUT / "benchmarks" / "cold_start_process.py"

_row = partial(Row, benchmark=RUN, unit="s")


class Start(NamedTuple):
    """Seconds until the process runs Python, until its modules are there, until it is connected."""

    interpreter: float
    imports: float
    connect: float


def measure(repeat: int) -> list[Row]:
    """Seconds to the first answer, by function; then the learner's to its first update's end."""
    names = [function.name for function in stack_file.functions(stack_file.load(STACK))]
    first: dict[str, list[float]] = {name: [] for name in names}
    starts: dict[str, list[Start]] = {name: [] for name in names}
    learning: list[float] = []
    with stacks.running() as state:
        update = uvloop.run(_update(state, runs.small(updates=2)))  # fills the compile cache, too
        async_admission, key = AsyncAdmission(state), stacks.settings(state).signing_key
        for _ in range(repeat):
            for name in names:
                answered = FIRST.get(name, 400)
                first[name].append(async_admission.from_zero(name, b"", {}, answered))
                starts[name].append(_start(async_admission.environment(name)))
            signed = {"X-Ftg-Signature": sign(key, LEARNER, update, time.time())}
            learning.append(async_admission.from_zero(LEARNER, update, signed, 200))
        usage = uvloop.run(_usage(state))
    rows = [of_function(name, first[name], starts[name]) for name in names]
    return [*rows, of_learner(learning, usage)]


def _start(environment: Mapping[str, str]) -> Start:
    script = str(stacks.CHECKOUT / "template" / "python3-faastrain" / "index.py")
    done = subprocess.run(
        [sys.executable, str(PROBE), script, repr(time.time())],
        env=environment,
        cwd=environment["FTG_STACK"],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Start)


async def _update(state: StackState, spec: RunSpec) -> bytes:
    """The command that made version 1 of a run; carrying it out again changes nothing."""
    async with stacks.connected(state) as held:
        records = await runs.run(held, RUN, spec)
    ready = next(r.fact for r in records if isinstance(r.fact, RewardsReady))
    return messages.encode(plan(spec, ready.policy, ready))


async def _usage(state: StackState) -> list[InvocationCompleted]:
    async with stacks.connected(state) as held:
        return await held.services.facts.usage(RUN)


def of_function(name: str, seconds: list[float], starts: Sequence[Start]) -> Row:
    """Until the first answer, and the medians of what a start consists of."""
    middle = {part: median([getattr(s, part) for s in starts]) for part in Start._fields}
    consists = ", ".join(f"{part} {value:.2f}" for part, value in middle.items())
    note = f"{consists} s; first answer: {FIRST.get(name, 400)}"
    return _row(
        what=name, samples=seconds, at_most=GOALS.get(name), floor=FLOORS.get(name), note=note
    )


def of_learner(seconds: list[float], usage: Sequence[InvocationCompleted]) -> Row:
    """Until a first update's end; the latest of them in the metering's own kinds of time."""
    cold = [one for one in usage if one.function == LEARNER and one.cold_start and one.version == 0]
    spent: dict[str, float] = {}
    for part in parts(max(cold, key=lambda one: one.started_at)):
        spent[part.kind] = spent.get(part.kind, 0.0) + part.end - part.begin
    most = sorted(spent.items(), key=lambda item: -item[1])[:3]
    consists = ", ".join(f"{kind} {value:.2f}" for kind, value in most)
    return _row(
        what=f"{LEARNER}, first update done",
        samples=seconds,
        at_most=2.5,
        floor=FLOOR,
        note=f"256 samples, 20 epochs; warm compile cache; of the invocation {consists} s",
    )
