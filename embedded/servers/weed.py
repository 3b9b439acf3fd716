"""SeaweedFS in one process (`weed mini`), every plane of it on loopback."""

import re
from pathlib import Path

import msgspec

from embedded.credentials import Credentials
from embedded.files import private_folder, write_private

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


def identities(credentials: Credentials) -> bytes:
    """The S3 configuration: one identity."""
    keys = {"accessKey": credentials.s3_access_key, "secretKey": credentials.s3_secret_key}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "faastrain", "credentials": [keys], "actions": actions}
    return msgspec.json.encode({"identities": [identity]})


def command(
    binary: Path, folder: Path, ports: dict[str, int], credentials: Credentials
) -> list[str]:
    """Write the S3 configuration; the command that starts the server."""
    data = private_folder(private_folder(folder) / "data")
    config = folder / "s3.json"
    write_private(config, identities(credentials))
    options = {
        "dir": str(data),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": str(config),
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
    for name in PORTS:
        plane, _, kind = name.removeprefix("weed-").partition("-")
        options[f"{plane}.port{'.' + kind if kind else ''}"] = ports[name]
    return [str(binary), "mini", *(f"-{key}={value}" for key, value in options.items())]
