"""Provisions a stack's servers once they run: streams, a bucket, functions; repeatable.

The supervisor imports this late, for its imports take as long as the servers' own start.
"""

from collections.abc import Mapping

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.embedded import deployments
from faastraingym.embedded.child import ChildSpec
from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.credentials import Servers
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.servers import weed_bucket
from faastraingym.embedded.settings import StackSettings
from faastraingym.events.topology.roles import SUPERVISOR

WRITE_SECONDS = 20.0


async def streams(servers: Servers, environment: Mapping[str, str]) -> None:
    """JetStream's streams; raises StackError: the broker refuses or does not answer."""
    try:
        broker = await connect(servers.nats_url, servers.nats, SUPERVISOR, servers.nats_api)
        try:
            await ensure_streams(broker, environment)
        finally:
            await broker.close()
    except AdapterError as error:
        raise StackError(f"NATS: {error}") from error


async def bucket(
    servers: Servers, weed: ChildSpec | None = None, ports: Mapping[str, int] | None = None
) -> None:
    """The bucket; returns when the store has taken a write.

    `weed` and its `ports`: of our own store, whose bucket then lets in our roles alone. Raises
    StackError: the store refuses, or does not answer.
    """
    there = Bucket(servers.s3_url, servers.bucket, servers.s3)
    try:
        if weed is not None:
            await weed_bucket.reset(there, weed, ports or {}, servers.bucket)
        await there.ensure()
        writable = await there.takes_writes(WRITE_SECONDS)
    except AdapterError as error:
        raise StackError(f"The object store at {servers.s3_url}: {error}") from error
    if not writable:
        raise StackError(
            f"The object store at {servers.s3_url} takes no writes; see its log, and its disk."
        )


async def functions(servers: Servers, settings: StackSettings) -> None:
    """Deploy the functions of stack.yml; raises StackError: one is wrong or refused."""
    wanted = deployments.of_stack(settings.stack_file, deployments.substitutions(settings))
    login = authorization(servers.gateway_password)
    async with HttpProvider(servers.gateway_url, login) as gateway:
        for deployment in wanted:
            try:
                await gateway.deploy(deployment)
            except ProviderError as error:
                file, name = settings.stack_file, deployment.service
                raise StackError(f"{file}: functions.{name}: {error.text}") from error
