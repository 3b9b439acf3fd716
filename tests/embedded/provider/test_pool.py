"""Waiting for a replica that does not come."""

import asyncio
from datetime import UTC, datetime

import pytest

from embedded.errors import ProviderError
from embedded.provider.function import Function, checked
from embedded.provider.pool import Pool
from embedded.provider.replica import Replica
from tests.embedded.support import FUNCTIONS, deployment, post


async def test_who_waits_too_long_is_told_to_try_again() -> None:
    """503 with Retry-After; nobody is started twice for one request."""
    give_up, attempts = asyncio.Event(), []

    async def spawn(function: Function) -> Replica:
        attempts.append(function.name)
        await give_up.wait()
        raise ProviderError(503, "never")

    wanted = deployment("echo", high=3, variables={"exec_timeout": "20ms", "max_inflight": "1"})
    pool = Pool(checked(wanted, FUNCTIONS, datetime.now(UTC)), spawn, queue_timeout=0.02)
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

    pool = Pool(checked(deployment("echo"), FUNCTIONS, datetime.now(UTC)), spawn)
    for count in (1, 2):
        with pytest.raises(ProviderError, match="no more processes"):
            await pool.invoke(post())
        assert len(attempts) == count
    await pool.close()
