"""act beside Ray Serve with the same policy: 1 and 64 requests in flight, of 1 and 64 observations.

A policy of CartPole-v1 with two layers of 64, drawn at random, asked for by an alias. 10,000
requests of each case in all repetitions (2,000 of Ray Serve). Both may have two replicas, and are
warm; Ray Serve's compute the same layers in plain NumPy. Where it says so, the alias moves to
another version when a quarter of the requests are answered: none may fail. Every action is held to
the version that its answer names, but where two scores are closer than 1e-5.
"""

import itertools
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import numpy as np
import uvloop
from msgspec.structs import replace

from benchmarks import load, stacks
from benchmarks.load import Client, Load, Target
from benchmarks.peers import interpreter, server
from benchmarks.peers.dense_policy import DensePolicy
from benchmarks.report import Row
from benchmarks.samples import ratios
from faastraingym.adapters.stage.connections import Connections
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import payloads
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.models import Kept, ModelVersion, Promotion, Trained

REQUESTS, OF_RAY = 10_000, 2_000
CASES = ((1, 1), (64, 1), (64, 64))  # in flight, observations a request
MOVED_AT = 64  # in flight
OURS, MOVED = "act", "act, its alias moves"
CLOSE, WARM_UP = 1e-5, 50
MODEL, ALIAS = "bench", "champion"
SPEC = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo", "hidden_sizes": [64, 64]},
    "stop": {"env_steps": 2048},
}

_row = partial(Row, benchmark="act")
Ask = Callable[[Client, np.ndarray], Awaitable[tuple[str, np.ndarray]]]  # version, actions
Found = dict[tuple[str, int, int], list[Load]]  # by name, in flight, observations: repetitions


class Drawn(NamedTuple):
    """A policy by its version's name: as act has it, and as the peer has it."""

    name: str
    payload: bytes
    plain: DensePolicy
    file: Path


def drawn(version: int, folder: Path) -> Drawn:
    """A policy whose kernels are normal; without biases, so that it takes either action."""
    spec = registry.parse(SPEC)
    generator = np.random.default_rng(version)
    arrays = {
        path: generator.normal(0.0, 0.5 * (len(array.dimensions) > 1), array.dimensions).astype(
            np.float32
        )
        for path, array in registry.acting(spec).policy_arrays(spec, describe(spec)).items()
    }
    file = folder / f"{version}.npz"
    np.savez(file, **{f"{number}": array for number, array in enumerate(arrays.values())})
    payload = payloads.dump(payloads.Policy(version=version, parameters=arrays))
    return Drawn(f"models/{MODEL}/{version}", payload, DensePolicy(file), file)


def measure(repeat: int) -> list[Row]:
    """Every case of each server, in turn."""
    found: Found = {}
    with tempfile.TemporaryDirectory(prefix="ftg-bench-") as folder:
        both = [drawn(version, Path(folder)) for version in (1, 2)]
        for _ in range(repeat):
            with load.stack() as (target, state):
                uvloop.run(_of_ours(found, target, state, both, REQUESTS // repeat))
            if server.RAY_SERVE.installed:
                with load.peer(server.RAY_SERVE, "policy", str(both[0].file)) as target:
                    ask = partial(_by_peer, both[0].name)
                    uvloop.run(_of_peer(found, target, ask, both, OF_RAY // repeat))
    return rows(found)


async def _of_ours(
    found: Found, target: Target, state: Any, both: Sequence[Drawn], count: int
) -> None:
    async with stacks.connected(state) as held:
        made = await _registered(held, both)
        await _warm(target, _by_alias, both)
        for in_flight, size in CASES:
            taken, _ = await case(target, _by_alias, both, in_flight, size, count)
            found.setdefault((OURS, in_flight, size), []).append(taken)
        crowded = [one for one in CASES if one[0] == MOVED_AT]
        for number, (in_flight, size) in enumerate(crowded, 2):
            version = 2 - number % 2
            move = partial(_move, made, number, version)
            name = f"models/{MODEL}/{version}"
            taken, _ = await case(target, _by_alias, both, in_flight, size, count, move, name)
            found.setdefault((MOVED, in_flight, size), []).append(taken)


async def _of_peer(
    found: Found, target: Target, ask: Ask, both: Sequence[Drawn], count: int
) -> None:
    await _warm(target, ask, both)
    for in_flight, size in CASES:
        taken, _ = await case(target, ask, both, in_flight, size, count)
        found.setdefault((server.RAY_SERVE.name, in_flight, size), []).append(taken)


async def _warm(target: Target, ask: Ask, both: Sequence[Drawn]) -> None:
    await case(target, ask, both, MOVED_AT, 1, WARM_UP * MOVED_AT)


async def case(
    target: Target,
    ask: Ask,
    both: Sequence[Drawn],
    in_flight: int,
    size: int,
    count: int,
    move: Callable[[], Awaitable[object]] | None = None,
    until: str | None = None,
) -> tuple[Load, "Counter[str]"]:
    """One case, and how many requests each version answered.

    With `until`, the callers go on until that version has answered one of them.

    Raises:
        RuntimeError: a request failed, or an action is another than its version's.
    """
    told: list[tuple[np.ndarray, str, np.ndarray]] = []

    async def caller(client: Client, seed: int) -> None:
        generator = np.random.default_rng(seed)
        for number in itertools.count():
            if number >= count // in_flight and until in (
                None,
                *(name for _, name, _ in told[-1:]),
            ):
                return
            observations = generator.normal(0.0, 0.1, (size, 4)).astype(np.float32)
            told.append((observations, *await ask(client, observations)))

    async def mover(client: Client) -> None:
        await client.answered(count // in_flight * in_flight // 4)
        await move()

    callers: list[Any] = [partial(caller, seed=seed) for seed in range(in_flight)]
    taken = await load.loaded(target, [*callers, mover] if move else callers)
    if taken.again:
        raise RuntimeError(f"{taken.again} requests failed")
    check(told, both)
    return taken, Counter(name for _, name, _ in told)


def check(told: Sequence[tuple[np.ndarray, str, np.ndarray]], both: Sequence[Drawn]) -> None:
    """Whether every action is its version's; RuntimeError: one is not."""
    policies = {one.name: one.plain for one in both}
    for observations, name, actions in told:
        scores = policies[name].scores(observations)
        sure = np.abs(scores[:, 0] - scores[:, 1]) > CLOSE
        if (np.argmax(scores, axis=1) != actions)[sure].any():
            raise RuntimeError(f"{name} acts otherwise than its layers")


async def _by_alias(client: Client, observations: np.ndarray) -> tuple[str, np.ndarray]:
    body = pack({"policy": f"models/{MODEL}@{ALIAS}", "observations": observations})
    answer = unpack(await client.ask("/function/act", body))
    return answer["policy"], answer["actions"]


async def _by_peer(name: str, client: Client, observations: np.ndarray) -> tuple[str, np.ndarray]:
    body = msgpack.packb({"rows": len(observations), "observations": observations.tobytes()})
    answer = msgpack.unpackb(await client.ask("/", body))
    return name, np.frombuffer(answer["actions"], np.int64)


async def _registered(held: Connections, both: Sequence[Drawn]) -> Registry:
    """Both versions; the alias points to the first."""
    made = Registry(held.services.objects, held.services.bucket)
    info: SpaceInfo = describe(registry.parse(SPEC))
    nothing = await made.keep(MODEL, b"nothing")
    for version, one in enumerate(both, 1):
        await made.add(
            _version(version, await made.keep(MODEL, one.payload), nothing, info.values())
        )
    await _move(made, 1, 1)
    return made


async def _move(made: Registry, number: int, version: int) -> None:
    moved = _MOVE if number == 1 else replace(_MOVE, number=number, previous=3 - version)
    if not await made.add(replace(moved, version=version)):
        raise RuntimeError("the alias has moved already")


_MOVE = Promotion(model=MODEL, alias=ALIAS, number=1, version=1, previous=0, by="benchmark", at=0.0)


def _version(version: int, policy: Kept, nothing: Kept, spaces: list[Any]) -> ModelVersion:
    return ModelVersion(
        model=MODEL,
        version=version,
        run="none",
        run_version=0,
        spec=SPEC,
        policy=policy,
        networks=nothing,
        report=nothing,
        spaces=spaces,
        environment=Trained(id="CartPole-v1", sha256="0" * 64, packages=[]),
        returns=[0.0],
        mean=0.0,
        low=0.0,
        high=0.0,
        created_by="benchmark",
        created_at=0.0,
    )


def rows(found: Found) -> list[Row]:
    """By case: each server, then what part of Ray Serve's rate is ours."""
    made: list[Row] = []
    for in_flight, size in CASES:
        case = f"{in_flight} in flight, {size} observations"
        here = {name: loads for (name, *of), loads in found.items() if of == [in_flight, size]}
        for name, loads in here.items():
            made += _of_server(f"{case}: {name}", loads, "none failed" if name == MOVED else "")
        theirs = here.get(server.RAY_SERVE.name)
        for name in (OURS, MOVED):
            if theirs and name in here:
                rates = ([one.rate for one in loads] for loads in (here[name], theirs))
                what = f"{case}: {name} / {server.RAY_SERVE.name}"
                made.append(_row(what=what, unit="x", samples=ratios(*rates)))
    if not any(name == server.RAY_SERVE.name for name, *_ in found):
        made.append(_row(what=server.RAY_SERVE.name, unit="1/s", note=interpreter.MISSING))
    return made


def _of_server(what: str, loads: list[Load], note: str) -> list[Row]:
    return [
        _row(what=what, unit="1/s", samples=[one.rate for one in loads], note=note),
        *(_row(what=f"  p{q}", unit="ms", samples=[one.ms(q) for one in loads]) for q in (50, 99)),
        _row(
            what="  processor time of a request",
            unit="ms",
            samples=[one.cpu_ms for one in loads],
        ),
    ]
