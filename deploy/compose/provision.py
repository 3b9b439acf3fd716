"""What the stack's servers are given once they run: streams, a bucket, users, functions.

Repeating it changes nothing but functions whose entry has changed.
"""

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import encode_basic_auth
from minio.error import MinioException

from faastraingym.adapters.errors import AdapterError, SettingsError
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.settings import Settings
from faastraingym.deploy import minio
from faastraingym.embedded import deployments
from faastraingym.embedded import settings as stack_settings
from faastraingym.embedded.credentials import GATEWAY_USER
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.events.topology.roles import SUPERVISOR
from faastraingym.schemas.keys import EXPERIMENTS


async def provision(settings: Settings, stack: stack_settings.StackSettings, password: str) -> None:
    """Streams, then the bucket and its users, then the functions."""
    broker = await connect(settings.nats_url, settings.nats, SUPERVISOR, settings.nats_api)
    try:
        await ensure_streams(broker)
    finally:
        await broker.close()
    bucket = Bucket(settings.s3_url, settings.bucket, settings.s3)
    await bucket.ensure()
    if not os.environ.get("MINIO_ROLES"):
        known = minio.logins(Path(os.environ["FTG_SECRETS"]))
        url, owner = settings.s3_url, settings.s3
        await asyncio.to_thread(minio.users, url, owner, settings.bucket, known)
        await bucket.notify(EXPERIMENTS, "arn:minio:sqs::FAASTRAIN:webhook")
    wanted = deployments.of_stack(stack.stack_file, deployments.substitutions(stack))
    login = encode_basic_auth(GATEWAY_USER, password)
    async with HttpProvider(os.environ["FTG_GATEWAY_URL"], login) as gateway:
        for deployment in wanted:
            await gateway.deploy(deployment)


def main() -> None:
    """Exits with one line on what went wrong."""
    os.environ["FTG_FUNCTION"] = SUPERVISOR  # whose logins we have
    try:
        home = stack_settings.home_of(os.environ)
        stack = stack_settings.read(home, os.environ)
        password = Path(os.environ["FTG_SECRETS"], "gateway-password").read_text()
        asyncio.run(provision(Settings.from_environment(), stack, password))
    except (AdapterError, MinioException, SettingsError, ProviderError, StackError) as error:
        sys.exit(f"provision: {error}")


if __name__ == "__main__":
    main()
