"""A real server that holds environments, under load; and the rows of what was measured."""

import asyncio

import pytest

from benchmarks import env_step, load
from benchmarks.env_step import KILLED, OURS, Vector, check, in_memory, local, rows
from benchmarks.load import Load
from benchmarks.peers import server

VECTORS = [Vector(seed, 2, 40) for seed in (1, 2, 3)]  # through the ends of episodes


def taken(rate: float, again: int = 0) -> Load:
    """Ten requests a tenth of a second each."""
    return Load(10 / rate, [0.1] * 10, 0.02, again)


def test_environments_in_memory_are_the_local_ones() -> None:
    digests: dict[Vector, str] = {}

    async def all_of() -> Load:
        async def one(client: load.Client, vector: Vector) -> None:
            digests[vector] = await in_memory(client, vector)

        callers = [lambda client, vector=vector: one(client, vector) for vector in VECTORS]
        return await load.loaded(target, callers)

    with load.peer(server.AIOHTTP) as target:
        found = asyncio.run(all_of())
    check(digests, VECTORS)
    assert (len(found.latencies), found.again) == (3 * 41, 0)
    assert found.cpu > 0


def test_a_step_too_many_is_an_error() -> None:
    digests = {vector: local(vector._replace(steps=41)) for vector in VECTORS[:1]}
    with pytest.raises(RuntimeError, match="1 of 1 callers have other steps"):
        check(digests, VECTORS[:1])


async def test_what_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PATIENCE", 0.05)
    target = load.Target(load.Address("127.0.0.1", 1), [], list)
    with pytest.raises(ExceptionGroup) as raised:
        await load.loaded(target, [lambda client: client.ask("/", b"")])
    assert "/ answered 502" in str(raised.value.exceptions[0])


def test_rates_stand_beside_those_in_memory() -> None:
    memory, serve = server.AIOHTTP.name, server.RAY_SERVE.name
    found = rows(
        {
            (memory, 1, 64): [taken(100.0), taken(80.0)],
            (OURS, 1, 64): [taken(60.0), taken(60.0)],
            (KILLED, 1, 64): [taken(40.0, 1), taken(30.0, 2)],
            (serve, 1, 64): [taken(20.0), taken(20.0)],
        }
    )
    by_what = {row.what: row for row in found}
    ours = by_what[f"1 at once, 64 a call: {OURS} / {memory}"]
    killed = by_what[f"1 at once, 64 a call: {KILLED} / {memory}"]
    assert (ours.samples, ours.met) == ([0.6, 0.75], True)
    assert (killed.samples, killed.met) == ([0.4, 0.375], False)
    assert by_what[f"1 at once, 64 a call: {OURS} / {serve}"].met is None
    assert by_what[f"1 at once, 64 a call: {OURS}"].samples == pytest.approx([3840.0, 3840.0])
    assert "3 requests sent again" in by_what[f"1 at once, 64 a call: {KILLED}"].note
    p50, *_, cpu = [row for row in found if row.what.startswith("  ")][:3]
    assert (p50.samples, cpu.samples) == (pytest.approx([100.0] * 2), [2.0] * 2)


def test_without_ray_a_row_says_how_to_get_it() -> None:
    (row,) = [row for row in env_step.rows({}) if not row.samples]
    assert "PEERS=1" in row.note
