"""The same functions in a plain loop: no broker, no store, no HTTP, one process.

`python -m benchmarks.plain_loop < SPECIFICATION` (JSON) prints as JSON when each version was there
and the environment steps that it learnt from. NPROC and OPENBLAS_NUM_THREADS as in stack.yml.
"""

import os
import subprocess
import sys
import time

import msgspec

from faastraingym.algorithms import registry
from faastraingym.schemas.specification import RunSpec, to_dict

THREADS = {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(spec: RunSpec) -> list[tuple[float, int]]:
    """`loop` in a process of its own, with the threads that functions get."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.plain_loop"],
        input=msgspec.json.encode(to_dict(spec)),
        env={**os.environ, **THREADS},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(process.stdout, type=list[tuple[float, int]])


def loop(spec: RunSpec) -> list[tuple[float, int]]:
    """Collect, plan, update, until the budget is spent; (s, steps) of every version."""
    from faastraingym.algorithms.actors.collect import collect_from
    from faastraingym.algorithms.actors.episodes import env_steps
    from faastraingym.algorithms.actors.initial_state import beginning
    from faastraingym.algorithms.replay import ring
    from faastraingym.algorithms.timing import Stopwatch
    from faastraingym.events.pipeline import planning

    learner = registry.learner(spec)
    state = learner.initialise(spec)
    marks = [(time.perf_counter(), 0)]
    slots, window = range(spec.rollout.count), ring.of_run(spec)
    stands = [beginning(spec, 0, index, None) for index in slots]
    while state.env_steps < spec.stop.env_steps:
        policy = learner.project(state)
        explored = planning.learning_plan(spec, state.env_steps).exploration
        pairs = [collect_from(stands[i], spec, policy, i, Stopwatch(), explored) for i in slots]
        collected, stands = map(list, zip(*pairs, strict=True))
        steps = sum(map(env_steps, collected))
        schedule = planning.update_plan(spec, state.version, state.env_steps, steps)
        if window:
            window.write(state.version, collected, None)
        state, _ = learner.update(spec, state, collected, None, schedule, window)
        marks.append((time.perf_counter(), state.env_steps))
    return marks


if __name__ == "__main__":
    specification = registry.parse(msgspec.json.decode(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(msgspec.json.encode(loop(specification)))
