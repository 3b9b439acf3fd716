"""What a stack's servers are given once they run: streams, a bucket, functions.

Apart from the supervisor, for its imports take as long as the servers' own start: both at once.
"""

import asyncio
import time
from pathlib import Path

from aiohttp import encode_basic_auth

from faastraingym.adapters.errors import AdapterError, Refused
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.embedded import deployments
from faastraingym.embedded.child import ChildSpec
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.plan import Plan
from faastraingym.embedded.servers import ports, weed_bucket
from faastraingym.embedded.settings import StackSettings
from faastraingym.events.topology.roles import SUPERVISOR

WRITE_SECONDS = 20.0
HEARD_SECONDS = 10.0  # until S3 has heard of an entry that was written anew


async def streams(made: Plan, settings: StackSettings) -> None:
    """JetStream's streams.

    Raises:
        StackError: the broker refuses or does not answer.
    """
    login = made.credentials.nats[SUPERVISOR]
    try:
        broker = await connect(made.state.nats_url, login, SUPERVISOR, made.state.nats_api)
        try:
            await ensure_streams(broker, settings.environment)
        finally:
            await broker.close()
    except AdapterError as error:
        raise StackError(f"NATS: {error}") from error


async def bucket(made: Plan) -> None:
    """The bucket, which lets in our roles alone; returns when the store has taken a write.

    Raises:
        StackError: the store refuses, or does not answer.
    """
    there = Bucket(made.state.s3_url, made.state.bucket, made.credentials.s3[SUPERVISOR])
    try:
        if made.weed is not None:
            await _reset(there, made.weed, made)
        await there.ensure()
        writable = await there.takes_writes(WRITE_SECONDS)
    except AdapterError as error:
        raise StackError(f"The object store at {made.state.s3_url}: {error}") from error
    if not writable:
        raise StackError(
            f"The object store at {made.state.s3_url} takes no writes; see its log, and its disk."
        )


async def _reset(there: Bucket, weed: ChildSpec, made: Plan) -> None:
    """Take back the bucket's own settings, which may keep out even its owner."""
    try:
        await there.reset()
    except Refused:
        await weed_bucket.renew(weed, ports.of_home(Path(made.state.home)), made.state.bucket)
        await _reset_again(there, time.monotonic() + HEARD_SECONDS)


async def _reset_again(there: Bucket, until: float) -> None:
    """S3 hears of the bucket's new entry a moment later, and obeys the old one until then."""
    while True:
        try:
            await there.reset()
            return
        except Refused:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(0.1)


async def functions(made: Plan, settings: StackSettings) -> None:
    """The functions of stack.yml, through the gateway's own API.

    Raises:
        StackError: stack.yml cannot be used, or the gateway refuses a function.
    """
    wanted = deployments.of_stack(settings.stack_file, deployments.substitutions(settings))
    login = encode_basic_auth(made.state.gateway_user, made.credentials.gateway_password)
    async with HttpProvider(made.state.gateway_url, login) as gateway:
        for deployment in wanted:
            try:
                await gateway.deploy(deployment)
            except ProviderError as error:
                file, name = settings.stack_file, deployment.service
                raise StackError(f"{file}: functions.{name}: {error.text}") from error
