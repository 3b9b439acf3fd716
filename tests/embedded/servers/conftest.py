"""The real servers as the embedded stack configures them, with a login for every role."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from faastraingym.embedded import credentials
from faastraingym.embedded.credentials import Credentials
from faastraingym.events.topology.roles import ROLES
from tests.embedded.servers import running

BUCKET = "faastraingym"


class Servers(NamedTuple):
    """Where they are, and who may come in."""

    nats_url: str
    s3_url: str
    ports: dict[str, int]
    folder: Path  # where each has its own
    logins: Credentials


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """nats-server and weed; `ping` is a function that roles.py does not know."""
    logins = credentials.generate([*ROLES, "ping"])
    with running.servers(logins) as (ports, folder):
        nats, s3 = ports["nats"], ports["weed-s3"]
        urls = f"nats://127.0.0.1:{nats}", f"http://127.0.0.1:{s3}"
        yield Servers(*urls, ports, folder, logins)
