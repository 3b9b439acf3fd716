"""SeaweedFS in one process (`weed mini`), every plane of it on loopback."""

import re
import secrets
from pathlib import Path

import msgspec

from adapters.s3_policies import policy
from embedded.credentials import Credentials
from embedded.files import private_folder, write_private
from embedded.settings import StackSettings
from events import roles
from events.roles import SUPERVISOR
from schemas.keys import EXPERIMENTS

READY = re.compile(r"S3\s+ready")  # its admin plane, which nobody needs, comes later
# After a full disk it takes writes again by itself, within a minute at the latest.
PORTS = tuple(
    f"weed-{plane}{kind}"
    for plane in ("s3", "master", "volume", "filer", "admin")
    for kind in ("", "-grpc")
    if (plane, kind) != ("admin", "-grpc")
)
GRPC_OFFSET = 10_000  # its worker looks for the admin's gRPC there, whatever the option says
GAPS = {"weed-admin": GRPC_OFFSET}


def identities(credentials: Credentials, bucket: str) -> bytes:
    """The S3 configuration: an identity for each role, with a policy each; the store's owner."""
    found, documents = [], []
    for role, login in credentials.s3.items():
        keys = {"accessKey": login.user, "secretKey": login.password}
        identity = {"name": role, "credentials": [keys], "actions": [], "policyNames": [role]}
        if role == SUPERVISOR:
            identity |= {"actions": ["Admin", "Read", "Write", "List"], "policyNames": []}
        else:
            content = msgspec.json.encode(policy(roles.of(role), bucket)).decode()
            documents.append({"name": role, "content": content})
        found.append(identity)
    return msgspec.json.encode({"identities": found, "policies": documents})


def inner_keys() -> str:
    """New keys with which its planes know each other; weed finds them where it is started.

    Without them its filer and its volumes serve every process of the machine, past the S3 logins.
    """
    tables = ("signing", "signing.read", "filer_signing", "filer_signing.read")
    return "".join(f'[jwt.{table}]\nkey = "{secrets.token_hex(24)}"\n' for table in tables)


def notifications(gateway_url: str, bucket: str, token: str) -> str:
    """Files of `experiments/` start runs; weed finds this where it is started."""
    return f"""\
[notification.webhook]
enabled = true
endpoint = "{gateway_url}/function/start-run"
bearer_token = "{token}"
event_types = ["create", "update"]
path_prefixes = ["/buckets/{bucket}/{EXPERIMENTS}"]
max_retries = 10
backoff_seconds = 1
"""


def command(
    binary: Path,
    folder: Path,
    ports: dict[str, int],
    credentials: Credentials,
    settings: StackSettings,
    gateway_url: str,
) -> list[str]:
    """Write the S3 configuration; the command that starts the server."""
    data = private_folder(private_folder(folder) / "data")
    config = folder / "s3.json"
    write_private(config, identities(credentials, settings.bucket))
    write_private(folder / "security.toml", inner_keys().encode())
    told = notifications(gateway_url, settings.bucket, credentials.trigger_token)
    write_private(folder / "notification.toml", told.encode())
    options = {
        "dir": str(data),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": str(config),
        "s3.iam": "false",  # an API to change identities, which nobody needs
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "admin.ui": "false",
        "admin.port.grpc": ports["weed-admin"] + GRPC_OFFSET,
        # A master that resumes as leader refuses writes for 15 s, lest other volume servers are
        # still to come, or turns its own away, which comes again 5 s later. There is only the one,
        # and it tells which volumes there are.
        "master.resumeState": "false",
        "webdav": "false",
        "master.telemetry": "false",
        "volume.preStopSeconds": 0,
    }
    if settings.tls:
        options["s3.cert.file"] = str(settings.tls.certificate)
        options["s3.key.file"] = str(settings.tls.key)
    for name in PORTS:
        plane, _, kind = name.removeprefix("weed-").partition("-")
        options[f"{plane}.port{'.' + kind if kind else ''}"] = ports[name]
    return [str(binary), "mini", *(f"-{key}={value}" for key, value in options.items())]
