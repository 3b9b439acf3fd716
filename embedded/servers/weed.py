"""SeaweedFS in one process (`weed mini`), every plane of it on loopback.

Its planes trust every client that reaches them, so they admit only the certificate that is made
for them at each start (docs/adr/0025). S3 alone is for others, with their logins.
"""

import re
import secrets
from pathlib import Path

import msgspec

from faastraingym.adapters.s3.policies import policy
from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.files import empty_folder, private_folder, write_private
from faastraingym.embedded.servers import certificates, weed_ports
from faastraingym.embedded.servers.weed_ports import PLANES
from faastraingym.embedded.settings import StackSettings
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import SUPERVISOR
from faastraingym.schemas.keys import EXPERIMENTS

READY = re.compile(r"S3\s+ready")  # its admin plane, which is not needed, comes later
# After a full disk its volumes take writes again by themselves, within a minute. The LevelDB of its
# filer does not: after one write that failed a journal refuses all, until it is opened anew.
BROKEN = re.compile(r" : write \S+/\d\d/(\d{6}\.log|MANIFEST-\d{6}): [a-z/ ]+$")
DATA, TEMPORARY = "data", "tmp"  # in its folder; weed writes logs of its own into the second
FORGOTTEN = ("etc", "topics")  # of the filer's root: empty at every start


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


def security() -> str:
    """security.toml: without it its planes serve every process here, past the S3 logins."""
    files = certificates.FILES
    pair = f'cert = "{files.certificate}"\nkey = "{files.key}"\n'
    mutual = f'{pair}ca = "{files.authority}"\n'
    keys = ("signing", "signing.read", "filer_signing", "filer_signing.read")
    tables = [(f"jwt.{table}", f'key = "{secrets.token_hex(24)}"\n') for table in keys]
    tables += [("grpc", f'ca = "{files.authority}"\n')]
    tables += [(f"grpc.{plane}", pair) for plane in (*PLANES, "worker", "client")]
    tables += [(f"https.{plane}", mutual) for plane in PLANES if plane != "s3"]
    tables += [("https.client", f"enabled = true\n{mutual}")]
    return "".join(f"[{name}]\n{text}" for name, text in tables)


def filer() -> str:
    """filer.toml: where the files' names lie.

    `/etc` is the filer's configuration, `/topics` its log, of which it obeys the last minute's.
    Ours is in files of the home, so these begin empty at every start: what was put there grants
    nothing.
    """
    stores = {"leveldb2": f'dir = "{DATA}/filerldb2"\n'}
    for name in FORGOTTEN:
        stores[f"leveldb2.{name}"] = f'location = "/{name}/"\ndir = "{name}"\n'
    return "".join(f"[{store}]\nenabled = true\n{text}" for store, text in stores.items())


def notifications(gateway_url: str, bucket: str, token: str) -> str:
    """notification.toml: a file put below `experiments/` starts a run.

    The store tells it once and ignores the answer, so it tells the queue, which tries again.
    """
    return f"""\
[notification.webhook]
enabled = true
endpoint = "{gateway_url}/async-function/start-run"
bearer_token = "{token}"
event_types = ["create", "update"]
path_prefixes = ["/buckets/{bucket}/{EXPERIMENTS}"]
"""


def command(
    binary: Path,
    folder: Path,
    ports: dict[str, int],
    credentials: Credentials,
    settings: StackSettings,
    gateway_url: str,
) -> list[str]:
    """Write its configuration; the command that starts the server, in `folder`."""
    private_folder(private_folder(folder) / DATA)
    for name in (*FORGOTTEN, TEMPORARY):
        empty_folder(folder / name)
    certificates.make(folder)
    write_private(folder / "s3.json", identities(credentials, settings.bucket))
    write_private(folder / "security.toml", security().encode())
    write_private(folder / "filer.toml", filer().encode())
    notified = notifications(gateway_url, settings.bucket, credentials.trigger_token)
    write_private(folder / "notification.toml", notified.encode())
    options = {
        # Relative to its folder, which may be called anything: a comma begins a second folder, and
        # a socket's path has 107 bytes at most.
        "dir": DATA,
        "s3.config": "s3.json",
        "filer.localSocket": "filer.sock",
        "s3.localSocket": "s3.sock",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.iam": "false",  # an API to change identities, which is not needed
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "admin.ui": "false",
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
    options |= weed_ports.options(ports)
    return [str(binary), "mini", *(f"-{key}={value}" for key, value in options.items())]
