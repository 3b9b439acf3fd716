"""Training behind a gateway that queues nothing for us."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from faastraingym.schemas.messages import RunCompleted
from tests.stack.facts import end
from tests.stack.foreign_gateway import ForeignGateway
from tests.stack.specs import LAGGING, SHORT, undisturbed
from tests.stack.support import Stack

STAGES = {"rollout", "update-policy", "aggregate-rewards", "plan-update", "evaluate"}


@pytest.mark.parametrize(
    ("answer", "spec"),
    [(404, SHORT), (202, LAGGING), (500, SHORT)],
    ids=["no queue", "a queue of its own", "a queue that is broken"],
)
async def test_a_run_trains_whatever_the_gateway_makes_of_asynchronous_invocations(
    tmp_path: Path, compiled: Path, answer: int, spec: dict
) -> None:
    """Deliveries go through it, commands do not, though replicas are told where it is.

    They ask it for the rewards of functions of one's own, and for nothing else (ADR 77).
    """
    foreign = ForeignGateway(tmp_path, answer)
    async with foreign.running() as url:
        stack = Stack(
            tmp_path, FTG_COMPILATION_CACHE=str(compiled), FAASTRAIN_GATEWAY_ADVERTISE=url
        )
        try:
            await asyncio.to_thread(stack.up)
            await asyncio.to_thread(stack.start, "behind", spec)
            async with stack.connect() as connected:
                ended = await end(connected.facts, "behind")
            async with aiohttp.ClientSession() as session:
                posted = await session.post(f"{url}/async-function/rollout", data=b"x")
        finally:
            await asyncio.to_thread(stack.down)
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(spec)
    assert {f"/function/{stage}" for stage in STAGES} <= foreign.invoked
    assert (foreign.queued, posted.status) == (["/async-function/rollout"], answer)
