"""Where an iteration's time goes: busy functions against the wall clock, 256-step updates.

From the log alone: an iteration lasts from one `policy.updated` to the next; an invocation belongs
to the iteration that it began in. On the critical path lie the slowest rollout, the last
`aggregate-rewards`, `plan-update`, and `update-policy` as far as `policy.updated`; what remains of
the wall clock is hops: publishing, delivering, gateway, and waiting for a core.
"""

from bisect import bisect_right
from collections.abc import Sequence

import uvloop

from benchmarks import runs, stacks
from benchmarks.report import Row
from benchmarks.samples import median
from embedded.state import StackState
from events.ports import Recorded
from schemas.messages import InvocationCompleted

STAGES = ("rollout", "aggregate-rewards", "plan-update", "update-policy")
Shares = dict[str, float]  # seconds of one iteration, by stage; "wall" is the whole


def measure(repeat: int) -> list[Row]:
    """Medians over the warm iterations of each run."""
    with stacks.running() as state:
        found = [uvloop.run(_one(state, f"iteration-{again}")) for again in range(repeat)]
    names = {"wall": "whole iteration"} | {s: f"  {s}" for s in STAGES} | {"hops": "  hops"}
    return [
        Row(
            benchmark="iteration",
            what=what,
            unit="ms",
            samples=[median([shares[name] for shares in one]) * 1e3 for one in found],
            note="five, and waiting for a core" if name == "hops" else "",
        )
        for name, what in names.items()
    ]


async def _one(state: StackState, name: str) -> list[Shares]:
    async with stacks.connected(state) as held:
        records = await runs.run(held, name, runs.small(updates=60))
        return split(records, await held.services.facts.usage(name))


def split(
    records: Sequence[Recorded], usage: Sequence[InvocationCompleted], warm_up: int = runs.WARM_UP
) -> list[Shares]:
    """The critical path of each warm iteration."""
    times = [at for at, _ in runs.versions(records)]
    invocations: dict[int, list[InvocationCompleted]] = {}
    for one in usage:
        invocations.setdefault(bisect_right(times, one.started_at) - 1, []).append(one)
    return [
        shares(times[i], times[i + 1], invocations.get(i, []))
        for i in range(warm_up, len(times) - 1)
    ]


def shares(begun: float, ended: float, invocations: Sequence[InvocationCompleted]) -> Shares:
    """One iteration's seconds; of each stage, the invocation that ended last."""
    path = dict.fromkeys(STAGES, 0.0)
    for one in sorted(invocations, key=lambda i: i.started_at + i.seconds):
        if one.function in path:
            path[one.function] = min(one.started_at + one.seconds, ended) - one.started_at
    wall = ended - begun
    return {**path, "hops": wall - sum(path.values()), "wall": wall}
