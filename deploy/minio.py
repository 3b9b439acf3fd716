"""A MinIO of one's own: the bucket, a user for every role, and whom it notifies of uploads.

    python -m faastraingym.deploy.minio URL BUCKET FOLDER

with MINIO_ROOT_USER and MINIO_ROOT_PASSWORD; the folder has the secrets `ftg-s3-<role>`, as
`python -m faastraingym.deploy.kubernetes.make_secrets` writes them. Repeating it changes nothing.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.credentials import StaticProvider
from minio.error import MinioException
from minio.minioadmin import MinioAdmin
from minio.notificationconfig import NotificationConfig, PrefixFilterRule, QueueConfig
from urllib3.exceptions import HTTPError

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.s3 import policies
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.signature import REGION
from faastraingym.adapters.settings import Login, login
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import ROLES, SUPERVISOR, s3_secret


def users(url: str, owner: Login, bucket: str, logins: Mapping[str, Login]) -> None:
    """A user of a MinIO for every role, each with its policy."""
    parts, credentials = urlsplit(url), StaticProvider(owner.user, owner.password)
    secure = parts.scheme == "https"
    admin = MinioAdmin(endpoint=parts.netloc, credentials=credentials, secure=secure)
    for role, known in logins.items():
        if role != SUPERVISOR:  # who is its owner
            admin.user_add(known.user, known.password)
            admin.policy_add(role, policy=policies.policy(roles.of(role), bucket))
            admin.policy_set(role, user=known.user)


def notify(url: str, owner: Login, bucket: str, prefix: str, target: str) -> None:
    """Have a MinIO notify `target`, an ARN that it knows, of writes under `prefix`."""
    parts, login = urlsplit(url), (owner.user, owner.password)
    store = Minio(parts.netloc, *login, secure=parts.scheme == "https", region=REGION)
    rule = QueueConfig(
        queue=target,
        events=["s3:ObjectCreated:*"],
        config_id=prefix.strip("/"),
        prefix_filter_rule=PrefixFilterRule(prefix),
    )
    store.set_bucket_notification(bucket, NotificationConfig(queue_config_list=[rule]))


def logins(secrets: Path) -> dict[str, Login]:
    """The store's logins, by role."""
    form, stored = "access key:secret key", [name for name, role in ROLES.items() if role.stores]
    return {role: login(secrets / s3_secret(role), form) for role in stored}


def main(arguments: list[str]) -> None:
    """Exits with one line on what went wrong."""
    if len(arguments) != 3:
        sys.exit("usage: python -m faastraingym.deploy.minio URL BUCKET FOLDER")
    url, bucket, folder = arguments
    try:
        owner = Login(os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
        asyncio.run(Bucket(url, bucket, owner).ensure())
        users(url, owner, bucket, logins(Path(folder)))
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set; it is the login of {url}'s owner")
    except (AdapterError, MinioException, HTTPError) as error:
        sys.exit(f"{url}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
