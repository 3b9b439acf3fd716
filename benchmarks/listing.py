"""`runs`, `experiments` and `compare` as whole processes, of 20 experiments with 200 runs.

Facts, metering and reports are written through the real adapters. Nothing is trained, and the
queue-worker is halted, so that no function hears of them. Seconds are from the start of a process
to its end; CPU seconds are its own, user and system.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import uvloop

from benchmarks import histories, stacks
from benchmarks.histories import Filled
from benchmarks.report import Row
from faastraingym.embedded.state import StackState
from faastraingym.events.gathering import each
from faastraingym.events.ports import Unavailable

EXPERIMENTS, TRIALS, SEEDS = 20, 5, (1, 2)
AT_ONCE = 16  # that are written together
ATTEMPTS = 9
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"  # an installed program finds its bytecode, but under this
GOAL = 1.0  # s
NAMES = [f"sweep-{number}" for number in range(EXPERIMENTS)]
COMMANDS = {
    "runs": ("runs",),
    "experiments": ("experiments",),
    "compare, an experiment of 10 runs": ("compare", NAMES[0]),
    "compare, 20 experiments, 200 runs": ("compare", *NAMES),
}

T = TypeVar("T")
_row = partial(Row, benchmark="listing")


class Took(NamedTuple):
    """One process, in seconds."""

    wall: float
    cpu: float


def measure(repeat: int) -> list[Row]:
    """Wall and CPU time of each command."""
    with stacks.running() as state, halted(state.children["queue-worker"].pid):
        uvloop.run(fill(state))
        took = {
            what: [command(state, arguments) for _ in range(repeat + 1)][1:]  # the first warms up
            for what, arguments in COMMANDS.items()
        }
    return rows(took)


def rows(took: dict[str, list[Took]]) -> list[Row]:
    """Two for each command."""
    made = []
    for what, found in took.items():
        made.append(_row(what=what, unit="s", samples=[t.wall for t in found], at_most=GOAL))
        made.append(_row(what=f"{what}: CPU", unit="s", samples=[t.cpu for t in found]))
    return made


def specification(number: int) -> dict[str, Any]:
    """Of an experiment; each has learning rates of its own."""
    rates = [1e-4 * (1 + number + trial) for trial in range(TRIALS)]
    return {
        "run": {
            "environment": {"id": "CartPole-v1"},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": 50_000, "target": 475.0},
        },
        "space": {"algorithm.learning_rate": {"kind": "choice", "values": rates}},
        "seeds": [seed + SEEDS[-1] * number for seed in SEEDS],
    }


async def fill(state: StackState) -> None:
    """Write what a stack holds of all experiments."""
    async with stacks.connected(state) as held:
        for number, name in enumerate(NAMES):
            told: Filled = histories.ended(name, specification(number), state.bucket)
            await _written(lambda one: held.objects.put(*one), [*told.objects.items()])
            await _written(held.services.facts.publish_once, told.facts)
            await _written(held.services.facts.meter, told.usage)


async def _written(write: Callable[[T], Awaitable[Any]], items: Sequence[T]) -> None:
    async def patiently(one: T) -> None:
        """Until it is there, which a busy machine may not tell in time; twice is as once."""
        for _ in range(ATTEMPTS):
            with suppress(Unavailable):
                await write(one)
                return
        await write(one)

    await each(patiently, items, AT_ONCE)


def command(state: StackState, arguments: Sequence[str]) -> Took:
    """Run the installed program once."""
    program = Path(sys.executable).with_name("faastrain")
    variables = {name: value for name, value in os.environ.items() if name != UNCOMPILED}
    began = time.perf_counter()
    process = subprocess.Popen(
        [program, *arguments],
        env={**variables, "FAASTRAIN_HOME": state.home},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    took = Took(time.perf_counter() - began, used.ru_utime + used.ru_stime)
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
    if process.returncode:
        raise SystemExit(f"faastrain {' '.join(arguments)} ended with {process.returncode}")
    return took


@contextmanager
def halted(pid: int) -> Iterator[None]:
    """Halt a process meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
