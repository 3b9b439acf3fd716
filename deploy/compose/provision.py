"""What the stack's servers are given once they run: streams, a bucket, users, functions.

Repeating it changes nothing but functions whose entry has changed.
"""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import encode_basic_auth
from minio.credentials import StaticProvider
from minio.error import MinioException
from minio.minioadmin import MinioAdmin

from adapters import s3_policies
from adapters.broker import connect
from adapters.bucket import Bucket
from adapters.errors import AdapterError, SettingsError
from adapters.nats_streams import ensure_streams
from adapters.settings import Settings, login
from embedded import deployments
from embedded import settings as stack_settings
from embedded.credentials import GATEWAY_USER
from embedded.errors import ProviderError, StackError
from embedded.gateway.upstream import HttpProvider
from events.roles import SUPERVISOR, s3_secret
from schemas.keys import EXPERIMENTS


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
        await asyncio.to_thread(users, settings, Path(os.environ["FTG_SECRETS"]))
        await bucket.notify(EXPERIMENTS, "arn:minio:sqs::FAASTRAIN:webhook")
    wanted = deployments.of_stack(stack.stack_file, deployments.substitutions(stack))
    async with HttpProvider(
        settings.gateway_url, encode_basic_auth(GATEWAY_USER, password)
    ) as gateway:
        for deployment in wanted:
            await gateway.deploy(deployment)


def users(settings: Settings, secrets: Path) -> None:
    """A user of our MinIO for every role, each with its policy."""
    url = urlsplit(settings.s3_url)
    owner = StaticProvider(settings.s3.user, settings.s3.password)
    minio = MinioAdmin(endpoint=url.netloc, credentials=owner, secure=url.scheme == "https")
    for role, document in s3_policies.policies(settings.bucket).items():
        user = login(secrets / s3_secret(role), "access key:secret key")
        minio.user_add(user.user, user.password)
        minio.policy_add(role, policy=document)
        minio.policy_set(role, user=user.user)


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
