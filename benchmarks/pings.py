"""A stack whose one function, `ping`, does nothing: what is left is the way to it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from benchmarks import stacks
from benchmarks.functions.ping.arrivals import Arrivals, listening
from benchmarks.gateways import AsyncAdmission
from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.stage.connections import Connections
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.schemas import messages
from faastraingym.schemas.messages import CollectRollout, EpisodeSummary, RolloutCompleted
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef

OBJECT = ObjectRef(bucket="faastraingym", key="runs/pings/object", size=4096, sha256="0" * 64)
POLICY = PolicyRef(version=1, policy=OBJECT, learner=OBJECT, env_steps=256)

Send = Callable[[str, int], Awaitable[object]]  # run, index: together they name one ping


class Pings(NamedTuple):
    """How to call `ping`, and what it tells; both return when the call is durable."""

    held: Connections
    arrivals: Arrivals
    fact: Send
    command: Send


@asynccontextmanager
async def running() -> AsyncIterator[Pings]:
    """The stack, its one replica started."""
    async with listening() as (arrivals, address):
        variables = {
            **stacks.KEPT_WARM,
            "FAASTRAIN_STACK": str(stacks.CHECKOUT / "benchmarks" / "stack.yml"),
            "FTG_BENCHMARK_ADDRESS": address,
        }
        with stacks.running(variables) as state:
            AsyncAdmission(state).invoke("ping", b"", {}, 400)  # unsigned: it starts, and refuses
            key = stacks.settings(state).signing_key
            async with stacks.connected(state) as held:
                yield Pings(held, arrivals, _fact(held), _command(held, key))


def _fact(held: Connections) -> Send:
    async def send(run: str, index: int) -> None:
        fact = RolloutCompleted(
            run=run,
            manifest=OBJECT,
            policy=POLICY,
            trajectory=TrajectoryRef(version=1, index=index, object=OBJECT),
            env_steps=256,
            episodes=EpisodeSummary(),
        )
        await held.services.facts.publish_once(fact)

    return send


def _command(held: Connections, key: bytes) -> Send:
    async def send(run: str, index: int) -> None:
        message = CollectRollout(run=run, manifest=OBJECT, policy=POLICY, index=index)
        body = messages.encode(message)
        signature = sign(key, "ping", body, time.time())
        await held.commands.invoke(Invocation("ping", message), body, signature)

    return send
