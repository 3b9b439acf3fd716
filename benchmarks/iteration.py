"""Where an iteration's time goes, 256-step updates: the profile of `faastrain trace`.

On the critical path, from fact to fact; `before` a stage is its hop.
"""

import uvloop

from benchmarks import runs, stacks
from benchmarks.report import Row
from benchmarks.samples import median
from faastraingym.embedded.state import StackState
from faastraingym.events.ports import Recorded
from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import iterations
from faastraingym.events.views.profile import Profile, profile
from faastraingym.schemas.specification import RunSpec


def measure(repeat: int) -> list[Row]:
    """Medians over the warm iterations of each run."""
    with stacks.running() as state:
        spec, names = runs.small(updates=60), [f"iteration-{again}" for again in range(repeat)]
        return rows([uvloop.run(profiled(state, name, spec))[1] for name in names])


async def profiled(state: StackState, name: str, spec: RunSpec) -> tuple[list[Recorded], Profile]:
    """A whole run: its facts, and where the time of its warm iterations went."""
    async with stacks.connected(state) as held:
        said = await runs.run(held, name, spec)
        found = invocations(said, await held.services.facts.usage(name))
    return said, profile(name, iterations(said, found)[runs.WARM_UP :], found)


def rows(found: list[Profile]) -> list[Row]:
    """The whole iteration, its steps, and its kinds that take part in the median one."""
    steps = [{row.step: row for row in one.path} for one in found]
    kinds = [{row.kind: row.median_ms for row in one.kinds} for one in found]
    return [
        _row("whole iteration", [one.median_ms for one in found]),
        *(_row(f"  before {s}", [one[s].before_ms for one in steps]) for s in steps[0]),
        *(_row(f"  in {s}", [one[s].function_ms for one in steps]) for s in steps[0]),
        *(
            _row(f"  {kind}", values)
            for kind in kinds[0]
            if median(values := [one.get(kind, 0.0) for one in kinds])
        ),
        Row(benchmark="iteration", what="overhead", samples=[one.overhead for one in found]),
    ]


def _row(what: str, samples: list[float]) -> Row:
    return Row(benchmark="iteration", what=what, unit="ms", samples=samples)
