"""The real servers as the embedded stack configures them, with a login for every role."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from embedded import credentials
from embedded.credentials import Credentials
from events.roles import ROLES
from tests.embedded.servers import running

BUCKET = "faastraingym"


class Servers(NamedTuple):
    """Where they are, and who may come in."""

    nats_url: str
    s3_url: str
    filer_url: str
    logins: Credentials


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """nats-server and weed; `ping` is a function that roles.py does not know."""
    logins = credentials.generate([*ROLES, "ping"])
    with running.servers(logins) as ports:
        s3, filer = (f"http://127.0.0.1:{ports[f'weed-{plane}']}" for plane in ("s3", "filer"))
        yield Servers(f"nats://127.0.0.1:{ports['nats']}", s3, filer, logins)
