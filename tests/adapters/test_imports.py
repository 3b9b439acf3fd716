"""Importing what a rollout needs of the adapters stays cheap."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, asyncio
from faastraingym.adapters import logs, settings
from faastraingym.adapters.http import signing
from faastraingym.adapters.stage import connections
from faastraingym.adapters.nats.broker import client_type
client_type()
print(*sys.modules)
"""


@pytest.mark.parametrize("spared", ["aiohttp", "jax", "gymnasium", "minio", "yaml"])
def test_a_replica_does_without(spared: str) -> None:
    """These cost a cold start more than they give."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert "nats.aio.client" in ran.stdout.split()
    assert spared not in ran.stdout.split()
