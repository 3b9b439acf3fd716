"""One seed, from an empty home to its verdict."""

import asyncio
import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from faastraingym.adapters.nats import broker
from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.embedded import processes
from faastraingym.embedded.errors import StackError
from faastraingym.events.ports import Unavailable
from faastraingym.events.topology.streams import DEAD
from tests.chaos import inspection, verdict
from tests.chaos.harness import Harness
from tests.chaos.injection import Injector
from tests.chaos.plan import BEREAVING, Fault
from tests.chaos.progress import Stuck
from tests.chaos.results import Outcome
from tests.chaos.specs import deployed, half_of, learns
from tests.chaos.stacks import interposed
from tests.stack import brought
from tests.stack.specs import Calm
from tests.stack.support import Stack


async def survive(
    home: Path,
    compiled: Path,
    algorithm: str,
    seed: int,
    faults: Sequence[Fault],
    at_once: int,
    spec: dict[str, Any],
    calm: Calm,
) -> Outcome:
    """Train `spec` under `faults` on a stack of its own; compare with the undisturbed one.

    Args:
        home: where the stack's state and logs go.
        compiled: a folder for what JAX compiles, shared between stacks.
        algorithm: the name of `spec` in `specs.SPECS`; the outcome names it and the seed.
        seed: of the plan.
        faults: the plan.
        at_once: runs, or experiments, beside one another.
        spec: theirs.
        calm: what it comes to when nothing happens.
    """
    async with interposed(home, FTG_COMPILATION_CACHE=str(compiled)) as (stack, injector, spared):
        try:
            await asyncio.to_thread(stack.up)
            await asyncio.to_thread(_bring, stack, spec)
            for file in deployed(spec):
                done = await asyncio.to_thread(stack.cli, "rewards", "deploy", file)
                assert done.returncode == 0, done.stderr
            _, *login = stack.nats()
            connection = await broker.connect(f"nats://{spared.address}", *login)
            outcome = await _suffer(
                stack, injector, connection, algorithm, seed, faults, at_once, spec, calm
            )
            with contextlib.suppress(Unavailable):  # the outcome tells of that
                await connection.close()
        finally:
            await asyncio.to_thread(stack.down)
    orphans = [str(process) for process in processes.of_stack(home)]
    outcome.breaches += verdict.of_processes(orphans)
    return outcome


async def _suffer(
    stack: Stack,
    injector: Injector,
    connection: broker.Broker,
    algorithm: str,
    seed: int,
    faults: Sequence[Fault],
    at_once: int,
    spec: dict[str, Any],
    calm: Calm,
) -> Outcome:
    harness = Harness(stack, injector, connection, spec)
    await harness.progress.listen()
    pace = await harness.pace(at_once)
    consumers, facts = await inspection.consumers(connection), harness.progress.count()
    breaches: list[str] = []
    try:
        await harness.suffer(faults, at_once)
    except* (Stuck, TimeoutError, StackError) as group:
        breaches += [f"{type(error).__name__}: {error}" for error in _leaves(group)]
    wall, facts = time.monotonic() - harness.began, harness.progress.count() - facts
    if not breaches:
        bereft = any(fault.kind in BEREAVING for fault in faults)
        breaches += await inspection.breaches(stack, connection, harness.runs, calm, bereft)
    breaches += await _of_servers(connection, consumers, injector)
    if learns(spec) and not breaches:  # an experiment resumes its runs at each rung
        breaches += await asyncio.to_thread(_resumed, stack, spec, calm)
    return Outcome(
        algorithm=algorithm,
        seed=seed,
        planned=len(faults),
        injected=harness.injected,
        runs=len(harness.runs),
        experiments=is_experiment(spec),
        resumed=learns(spec),
        sha256=calm.sha256,
        facts=facts,
        wall=round(wall, 1),
        calm=round(facts / pace, 1),
        breaches=breaches,
    )


async def _of_servers(
    connection: broker.Broker, before: dict[str, int], injector: Injector
) -> list[str]:
    try:
        after = await inspection.consumers(connection)
        letters = await inspection.messages(connection, DEAD.name)
    except TimeoutError:  # told beside what went wrong before, not instead of it
        return ["NATS does not answer any more", *injector.blamed]
    return verdict.of_servers(before, after, letters, injector.blamed)


def _bring(stack: Stack, spec: dict[str, Any]) -> None:
    for key, data in brought.objects(spec).items():
        stack.s3().put_object(brought.BUCKET, key, io.BytesIO(data), len(data))


def _resumed(stack: Stack, spec: dict[str, Any], calm: Calm) -> list[str]:
    """How a run that is resumed after half of its budget differs from one run of the whole."""
    stack.start("half", half_of(spec))
    first = stack.json("follow", "half")
    resumed = stack.cli("resume", "half", "--budget", str(spec["stop"]["env_steps"]))
    if resumed.returncode:
        return [f"half: it cannot be resumed: {resumed.stderr}"]
    return verdict.of_resumed(first, stack.json("follow", "half"), calm)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
