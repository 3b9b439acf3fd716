"""Waiting for a replica that does not come."""

import asyncio
from datetime import UTC, datetime

import pytest

from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.function import Function, read
from faastraingym.embedded.provider.pool import MOST_WAITING, Pool
from faastraingym.embedded.provider.replica import Replica
from tests.embedded.support import FUNCTIONS, deployment, post


async def test_who_waits_too_long_is_told_to_try_again() -> None:
    """503 with Retry-After; nobody is started twice for one request."""
    give_up, attempts = asyncio.Event(), []

    async def spawn(function: Function) -> Replica:
        attempts.append(function.name)
        await give_up.wait()
        raise ProviderError(503, "never")

    wanted = deployment("echo", high=3, variables={"exec_timeout": "20ms", "max_inflight": "1"})
    pool = Pool(read(wanted, FUNCTIONS, datetime.now(UTC)), spawn, queue_timeout=0.02)
    with pytest.raises(ProviderError, match="no free replica") as caught:
        await pool.invoke(post())
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    assert attempts == ["echo"]
    give_up.set()
    await pool.close()


async def test_a_machine_that_refuses_processes_is_answered_at_once() -> None:
    """What waits learns the reason; the next request tries again."""
    attempts = []

    async def spawn(function: Function) -> Replica:
        attempts.append(function.name)
        raise ProviderError(503, "no more processes", retry_after=5)

    pool = Pool(read(deployment("echo"), FUNCTIONS, datetime.now(UTC)), spawn)
    for count in (1, 2):
        with pytest.raises(ProviderError, match="no more processes"):
            await pool.invoke(post())
        assert len(attempts) == count
    await pool.close()


async def test_a_start_that_nobody_foresaw_is_not_counted_for_ever() -> None:
    """Of one replica at most: it would else be the one that starts, and nobody would be served."""
    attempts = []

    async def spawn(function: Function) -> Replica:
        attempts.append(function.name)
        if len(attempts) == 1:
            raise RuntimeError("unforeseen")
        raise ProviderError(503, "the second")

    wanted = deployment("echo", high=1, variables={"exec_timeout": "20ms"})
    pool = Pool(read(wanted, FUNCTIONS, datetime.now(UTC)), spawn, queue_timeout=0.02)
    with pytest.raises(ProviderError, match="no free replica"):
        await pool.invoke(post())
    assert pool.size == 0
    with pytest.raises(ProviderError, match="the second"):
        await pool.invoke(post())
    await pool.close()


async def test_as_many_wait_as_may_and_the_next_one_is_told_so() -> None:
    """429 with Retry-After, as of-watchdog says it; whoever went away waits no more."""
    serves = asyncio.Event()

    async def spawn(function: Function) -> Replica:
        await serves.wait()
        raise ProviderError(502, "never")

    wanted = deployment("echo", variables={"max_inflight": "1"})
    pool = Pool(read(wanted, FUNCTIONS, datetime.now(UTC)), spawn)
    waiting = [asyncio.create_task(pool.invoke(post())) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ProviderError, match=f"{MOST_WAITING} requests wait for echo") as caught:
        await pool.invoke(post())
    assert (caught.value.status, caught.value.retry_after) == (429, 1)
    waiting[MOST_WAITING // 2].cancel()
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(pool.invoke(post())))
    await asyncio.sleep(0)
    serves.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(each, asyncio.CancelledError) for each in ended) == 1
    assert sum(getattr(each, "status", 0) == 502 for each in ended) == MOST_WAITING
    await pool.close()
