"""What a local user could do to a home of an earlier version: its store, served to everybody."""

import hashlib
import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from faastraingym.adapters.s3.signature import authorized
from faastraingym.adapters.settings import Login
from faastraingym.embedded.servers import ports, weed_ports
from tests.servers import Server, binary

EVIL = Login("EVILEVILEVILEVIL0000", "evilsecretevilsecretevilsecret00")
IDENTITY = {
    "name": "evil",
    "credentials": [{"accessKey": EVIL.user, "secretKey": EVIL.password, "status": "Active"}],
    "actions": ["Admin", "Read", "Write", "List"],
}
EVERYBODY: dict[str, Any] = {  # a bucket's policy
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::faastraingym", "arn:aws:s3:::faastraingym/*"],
        }
    ],
}
NOBODY = {**EVERYBODY, "Statement": [{**EVERYBODY["Statement"][0], "Effect": "Deny"}]}


class Opened(NamedTuple):
    """A store whose filer asks for no login, and whose S3 has an administrator more."""

    ports: dict[str, int]

    @property
    def filer(self) -> str:
        """Where everything lies."""
        return f"http://127.0.0.1:{self.ports['weed-filer']}"

    @property
    def s3(self) -> str:
        """Where buckets are."""
        return f"http://127.0.0.1:{self.ports['weed-s3']}"

    def put(self, path: str, content: bytes | dict[str, Any]) -> None:
        """An entry of the filer, wherever."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        url = self.filer + urllib.parse.quote(path)
        answer = urllib3.request("PUT", url, body=data, retries=False)
        assert answer.status < 300, answer.data

    def set(self, bucket: str, setting: str, content: bytes = b"", **headers: str) -> None:
        """A setting of a bucket, by the identity that an intruder could give himself."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        host, digest = self.s3.removeprefix("http://"), hashlib.sha256(content).hexdigest()
        query, path = f"{setting}=", f"/{bucket}"
        signed = authorized("PUT", host, path, named, digest, EVIL, time.time(), query)
        url = f"{self.s3}{path}?{query}"
        answer = urllib3.request("PUT", url, body=content, headers=signed, retries=False)
        assert answer.status < 300, answer.data


@contextmanager
def opened(data: Path, folder: Path) -> Iterator[Opened]:
    """The store of a stack that is down, run from `folder` as nobody should."""
    folder.mkdir(exist_ok=True)
    # Or what is planted would hold up this store too.
    (folder / "credential.toml").write_text("[credential.memory]\nenabled = true\n")
    identities = folder / "s3.json"
    identities.write_text(json.dumps({"identities": [IDENTITY]}))
    numbers = ports.choose(folder, weed_ports.PORTS, weed_ports.GAPS, weed_ports.SOCKETS)
    options = {
        "dir": data,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.iam": "false",
        "s3.config": identities,
        "webdav": "false",
        "admin.ui": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "master.telemetry": "false",
        "master.resumeState": "false",
        "filer.localSocket": "filer.sock",
        "s3.localSocket": "s3.sock",
    }
    options |= weed_ports.options(numbers)
    remembered = data / "mini.options"  # what the last weed on this data was told
    remembered.unlink(missing_ok=True)
    command = [binary("weed"), "mini", *(f"-{key}={value}" for key, value in options.items())]
    server = Server(command, "All enabled components", folder, HOME=str(folder), TMPDIR=str(folder))
    try:
        server.start()
        yield Opened(numbers)
    finally:
        server.stop()
        remembered.unlink(missing_ok=True)
