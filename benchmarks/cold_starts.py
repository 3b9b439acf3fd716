"""Cold starts: from zero replicas to the first answer, through the gateway.

Each function is scaled to zero and its processes have ended before the clock starts. The first
request is unsigned, so the stage answers 400 (`reconcile` needs no signature and answers 200): the
process, its imports, its connections and its server are measured, its work is not. The learner is
measured with its first update too, a real one, from the compile cache of an earlier run. Files are
in the system's page cache.
"""

import time

import uvloop

from adapters.signing import sign
from benchmarks import runs, stacks
from benchmarks.gateways import Door
from benchmarks.report import Row
from embedded.state import StackState
from functions.plan_update.handler import plan
from schemas import messages
from schemas.messages import RewardsReady
from schemas.specification import RunSpec

FUNCTIONS = (
    "start-run",
    "rollout",
    "aggregate-rewards",
    "plan-update",
    "update-policy",
    "evaluate",
    "conclude-run",
    "reconcile",
)
GOALS = {"rollout": 0.5}
LEARNER = "update-policy"


def measure(repeat: int) -> list[Row]:
    """Seconds to the first answer, by function."""
    spec = runs.small(updates=2)
    with stacks.running() as state:
        update = uvloop.run(_update(state, spec))  # fills the compile cache, too
        door = Door(state)
        first: dict[str, list[float]] = {name: [] for name in FUNCTIONS}
        learning: list[float] = []
        for _ in range(repeat):
            for name in FUNCTIONS:
                answered = 200 if name == "reconcile" else 400
                first[name].append(door.from_zero(name, b"", {}, answered))
            signature = sign(stacks.settings(state).signing_key, LEARNER, update, time.time())
            signed = {"X-Ftg-Signature": signature}
            learning.append(door.from_zero(LEARNER, update, signed, 200))
    rows = [
        Row(
            benchmark="cold-starts",
            what=name,
            unit="s",
            samples=samples,
            at_most=GOALS.get(name),
            note="first answer: 200" if name == "reconcile" else "first answer: 400, unsigned",
        )
        for name, samples in first.items()
    ]
    note = "256 samples, 20 epochs; warm compile cache"
    what = f"{LEARNER}, first update done"
    learner = Row(
        benchmark="cold-starts", what=what, unit="s", samples=learning, at_most=2.5, note=note
    )
    return [*rows, learner]


async def _update(state: StackState, spec: RunSpec) -> bytes:
    """The command that made version 1 of a run; carrying it out again changes nothing."""
    async with stacks.connected(state) as held:
        records = await runs.run(held, "cold-starts", spec)
    ready = next(r.fact for r in records if isinstance(r.fact, RewardsReady))
    return messages.encode(plan(spec, ready.policy, ready))
