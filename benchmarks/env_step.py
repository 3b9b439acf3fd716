"""env-step beside servers that hold the environments in memory: plain aiohttp, and Ray Serve.

CartPole-v1, 10,000 calls of each case in all repetitions (1,000 of Ray Serve), by 1 and by 50
callers at once, of 1 and of 64 environments a call. Every caller resets a vector of its own, and
steps it one step a call, with actions and seeds of its own; that is measured together. Replicas are
warm, and the three take turns. Where it says so, every replica of env-step gets SIGKILL when a
third of the calls are answered: a new one starts from nothing meanwhile, and goes on from the state
that the callers bring.

Each caller's transitions must be those of Gymnasium's own vector in this process, of all three
servers: so none was lost, and none was taken twice.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import gymnasium
import msgpack
import numpy as np
import uvloop

from benchmarks import load
from benchmarks.gateways import AsyncAdmission
from benchmarks.load import Client, Load, Target
from benchmarks.peers import interpreter, server
from benchmarks.report import Row
from benchmarks.samples import ratios
from faastraingym.schemas.arrays import pack, unpack

CALLS, OF_RAY = 10_000, 1_000
CASES = ((1, 1), (50, 1), (1, 64), (50, 64))  # callers, environments a call
KILLED_AT, GOAL = 64, 0.5  # environments a call; of the in-memory server's rate
WARM_UP = 20
ENV, FUNCTION = "CartPole-v1", "env-step"
OURS, KILLED = "env-step", "env-step, replicas killed"

_row = partial(Row, benchmark="env-step")


class Vector(NamedTuple):
    """What one caller steps."""

    seed: int
    num_envs: int
    steps: int

    def actions(self) -> np.ndarray:
        """[T, B] int64."""
        return np.random.default_rng(self.seed).integers(0, 2, (self.steps, self.num_envs))


Step = Callable[[Client, Vector], Awaitable[str]]
Found = dict[tuple[str, int, int], list[Load]]  # by name, callers, environments: repetitions


@cache
def local(vector: Vector) -> str:
    """The digest of the transitions in this process."""
    envs, found = gymnasium.make_vec(ENV, vector.num_envs, vectorization_mode="sync"), Digest()
    found.add(envs.reset(seed=vector.seed)[0])
    for actions in vector.actions():
        found.add(*envs.step(actions)[:4])
    return found.value


class Digest:
    """The digest of a caller's transitions: the first observations, then each step."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, *parts: Any) -> None:
        """Observations; or these, rewards, terminations and truncations: arrays or their bytes."""
        for part in parts:
            self._sum.update(part)

    @property
    def value(self) -> str:
        """Of all that was added."""
        return self._sum.hexdigest()


async def stateless(client: Client, vector: Vector) -> str:
    """Step by env-step; the digest."""

    async def ask(verb: str, **fields: Any) -> Any:
        return unpack(await client.ask(f"/function/{FUNCTION}/{verb}", pack(fields)))

    said, found = await ask("make", env_id=ENV, num_envs=vector.num_envs, vector=True), Digest()
    said = await ask("reset", state=said["state"], seed=vector.seed)
    found.add(said["observations"])
    for actions in vector.actions():
        said = await ask("step", state=said["state"], actions=actions[None])
        found.add(*_transition(said))
    return found.value


async def in_memory(client: Client, vector: Vector) -> str:
    """Step by a server of peers/in_memory.py; the digest."""

    async def ask(**fields: Any) -> Any:
        return msgpack.unpackb(await client.ask("/", msgpack.packb(fields)))

    said, found = await ask(num_envs=vector.num_envs, seed=vector.seed), Digest()
    name = said["name"]
    found.add(said["observations"])
    for actions in vector.actions():
        said = await ask(name=name, actions=actions.tobytes())
        found.add(*_transition(said))
    return found.value


def _transition(said: Any) -> Iterator[Any]:
    return (said[part] for part in ("observations", "rewards", "terminated", "truncated"))


def measure(repeat: int) -> list[Row]:
    """Every case of each server, in turn."""
    found: Found = {}
    for again in range(repeat):
        with load.peer(server.AIOHTTP) as target:
            _all(found, server.AIOHTTP.name, target, in_memory, CALLS // repeat, again)
        with load.stack() as (target, state):
            _all(found, OURS, target, stateless, CALLS // repeat, again)
            kill = partial(AsyncAdmission(state).kill, FUNCTION)
            _all(found, KILLED, target, stateless, CALLS // repeat, again, kill)
        if server.RAY_SERVE.installed:
            with load.peer(server.RAY_SERVE, "environments") as target:
                _all(found, server.RAY_SERVE.name, target, in_memory, OF_RAY // repeat, again)
    return rows(found)


def _all(
    found: Found,
    name: str,
    target: Target,
    step: Step,
    calls: int,
    again: int,
    kill: Callable[[], None] | None = None,
) -> None:
    for callers, num_envs in CASES:
        if kill is None or num_envs == KILLED_AT:
            seeds = [10_000 * again + 100 * caller for caller in range(callers)]
            vectors = [Vector(seed, num_envs, calls // callers) for seed in seeds]
            taken = uvloop.run(_case(target, step, vectors, kill))
            found.setdefault((name, callers, num_envs), []).append(taken)


async def _case(
    target: Target, step: Step, vectors: Sequence[Vector], kill: Callable[[], None] | None
) -> Load:
    """One case; RuntimeError: a caller has other transitions than it had locally."""
    digests: dict[Vector, str] = {}
    third = sum(vector.steps for vector in vectors) // 3

    async def one(client: Client, vector: Vector) -> None:
        digests[vector] = await step(client, vector)

    async def killer(client: Client) -> None:
        await client.answered(third)
        await asyncio.to_thread(kill)

    await load.loaded(target, [partial(step, vector=vectors[0]._replace(steps=WARM_UP))])
    callers: list[Any] = [partial(one, vector=vector) for vector in vectors]
    taken = await load.loaded(target, [*callers, killer] if kill else callers)
    check(digests, vectors)
    if kill and not taken.again:
        raise RuntimeError("no request met a killed replica")
    return taken


def check(digests: dict[Vector, str], vectors: Sequence[Vector]) -> None:
    """Whether every caller had the local transitions; RuntimeError: one had not."""
    wrong = [vector for vector in vectors if digests[vector] != local(vector)]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(vectors)} callers have other steps: {wrong[:3]}")


def rows(found: Found) -> list[Row]:
    """By case: each server, then what part of the peers' rates is ours."""
    made: list[Row] = []
    for callers, num_envs in CASES:
        case = f"{callers} at once, {num_envs} a call"
        here = {name: loads for (name, *of), loads in found.items() if of == [callers, num_envs]}
        for name, loads in here.items():
            made += _of_server(f"{case}: {name}", loads, num_envs, name == KILLED)
        made += _compared(case, here, num_envs)
    if not any(name == server.RAY_SERVE.name for name, *_ in found):
        made.append(_row(what=server.RAY_SERVE.name, unit="steps/s", note=interpreter.MISSING))
    return made


def _of_server(what: str, loads: list[Load], num_envs: int, killed: bool) -> list[Row]:
    again = f"{sum(one.again for one in loads)} requests sent again" if killed else ""
    note = ", ".join(filter(None, ("none lost, none twice", again)))
    rates = [num_envs * one.rate for one in loads]
    made = [_row(what=what, unit="steps/s", samples=rates, note=note)]
    for q in (50, 99):
        made.append(_row(what=f"  p{q}", unit="ms", samples=[one.ms(q) for one in loads]))
    if not killed:  # what the killed ones took nobody knows
        cpu = [one.cpu_ms for one in loads]
        made.append(_row(what="  processor time of a call", unit="ms", samples=cpu))
    return made


def _compared(case: str, here: dict[str, list[Load]], num_envs: int) -> list[Row]:
    made = []
    for name in (OURS, KILLED):
        for peer in (server.AIOHTTP.name, server.RAY_SERVE.name):
            if name in here and peer in here:
                rates = ([one.rate for one in here[each]] for each in (name, peer))
                aimed = num_envs == KILLED_AT and peer == server.AIOHTTP.name
                made.append(
                    _row(
                        what=f"{case}: {name} / {peer}",
                        unit="x",
                        samples=ratios(*rates),
                        at_least=GOAL if aimed else None,
                    )
                )
    return made
