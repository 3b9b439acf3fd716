"""nats-server with JetStream on loopback, every acknowledged message synced."""

import re
from pathlib import Path

from faastraingym.adapters.nats import accounts
from faastraingym.adapters.nats.conf import written
from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.files import private_folder, write_private
from faastraingym.embedded.settings import Tls

READY = re.compile(r"Server is ready")
# After a write that failed a stream takes nothing more until the server is started again.
BROKEN = re.compile(r"critical write error")


def configuration(port: int, store: Path, credentials: Credentials, tls: Tls | None = None) -> str:
    """nats-server's configuration file.

    `sync_interval: always`: JetStream otherwise acknowledges up to two minutes before it syncs.
    `max_file_store`: it otherwise never takes more than three quarters of what was free when it
    started, which after a start on a full disk is nothing.
    """
    passwords = {role: login.password for role, login in credentials.nats.items()}
    return f"""listen: "127.0.0.1:{port}"
server_name: faastrain
max_payload: 1MB
jetstream {{
  store_dir: {written(str(store))}
  sync_interval: always
  max_file_store: 1TB
}}
{_tls(tls)}{accounts.configuration(passwords)}"""


def _tls(tls: Tls | None) -> str:
    if tls is None:
        return ""
    files = {"cert_file": str(tls.certificate), "key_file": str(tls.key)}
    return f"tls {written(files)}\n"


def command(
    binary: Path, folder: Path, port: int, credentials: Credentials, tls: Tls | None = None
) -> list[str]:
    """Write the configuration; the command that starts the server."""
    file = private_folder(folder) / "nats.conf"
    text = configuration(port, folder / "store", credentials, tls)
    write_private(file, text.encode())
    return [str(binary), "--config", str(file)]
