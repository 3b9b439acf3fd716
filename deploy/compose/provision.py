"""`provision` of docker-compose.yml: the servers of compose are given what the embedded ones are.

And a MinIO its users, and where it tells of an upload. Repeating it changes nothing but functions
whose entry has changed.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from minio.error import MinioException
from urllib3.exceptions import HTTPError

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.settings import Settings
from faastraingym.deploy import minio
from faastraingym.embedded import provisioning
from faastraingym.embedded import settings as stack_settings
from faastraingym.embedded.credentials import Servers
from faastraingym.embedded.errors import StackError
from faastraingym.events.topology.roles import SUPERVISOR
from faastraingym.schemas.keys import EXPERIMENTS


def servers(environment: Mapping[str, str]) -> Servers:
    """The servers of compose; raises SettingsError: a variable or a secret is missing."""
    found = Settings.from_environment({**environment, "FTG_FUNCTION": SUPERVISOR})
    return Servers(
        nats_url=found.nats_url,
        nats_api=found.nats_api,
        nats=found.nats,
        s3_url=found.s3_url,
        bucket=found.bucket,
        s3=found.s3,
        gateway_url=environment["FTG_GATEWAY_URL"],
        gateway_password=Path(environment["FTG_SECRETS"], "gateway-password").read_text(),
    )


async def provision(environment: Mapping[str, str]) -> None:
    """Streams, then the bucket and its users, then the functions."""
    given = servers(environment)
    stack = stack_settings.read(stack_settings.home_of(environment), environment)
    await provisioning.streams(given, environment)
    await provisioning.bucket(given)
    if not environment.get("MINIO_ROLES"):
        known = minio.logins(Path(environment["FTG_SECRETS"]))
        await asyncio.to_thread(minio.users, given.s3_url, given.s3, given.bucket, known)
        store, target = (given.s3_url, given.s3, given.bucket), "arn:minio:sqs::FAASTRAIN:webhook"
        await asyncio.to_thread(minio.notify, *store, EXPERIMENTS, target)
    await provisioning.functions(given, stack)


def main() -> None:
    """Exits with one line on what went wrong."""
    try:
        asyncio.run(provision(os.environ))
    except (AdapterError, MinioException, HTTPError, StackError) as error:
        sys.exit(f"provision: {error}")


if __name__ == "__main__":
    main()
