"""A function is deployed anew, again and again, while callers go on calling."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from tests.embedded.contract.exchanges import Exchange

CALLERS, TIMES = 4, 3


async def no_request_is_lost(call: Callable[[], Exchange], deploy: Callable[[int], object]) -> None:
    """Each answer names its replica; a deployment is over when a replica of it has answered.

    `deploy` is told which one it is, so that it differs from the one before.
    """
    settled = Event()

    def caller() -> list[Exchange]:
        made = [call()]
        while not settled.is_set():
            made.append(call())
        return made

    def redeploy() -> list[bytes]:
        replicas = [call().body]
        for time in range(TIMES):
            deploy(time)
            while (replica := call().body) in replicas:
                pass
            replicas.append(replica)
        return replicas

    with ThreadPoolExecutor(CALLERS) as pool:
        calling = [asyncio.wrap_future(pool.submit(caller)) for _ in range(CALLERS)]
        try:
            replicas = await asyncio.to_thread(redeploy)
        finally:
            settled.set()
        made = [one for each in await asyncio.gather(*calling) for one in each]
    assert [str(one) for one in made if one.status != 200] == []
    assert len(set(replicas)) == TIMES + 1
    assert {one.body for one in made} <= set(replicas)
