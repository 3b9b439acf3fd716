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
"""
AIOHTTP = "aiohttp.client"  # is imported when aiohttp's own code is run


def imported(program: str) -> set[str]:
    """The modules that a fresh process has after a program."""
    command = [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.fixture(scope="module")
def modules() -> set[str]:
    return imported(PROGRAM)


@pytest.mark.parametrize("spared", [AIOHTTP, "jax", "gymnasium", "minio", "yaml"])
def test_a_replica_does_without(modules: set[str], spared: str) -> None:
    """These cost a cold start more than they give."""
    assert "nats.aio.client" in modules
    assert spared not in modules


def test_nothing_is_kept_from_who_uses_it() -> None:
    """nats-py's ws:// transport, and any environment that imports aiohttp afterwards."""
    used = "from nats.aio import transport; transport.aiohttp.ClientSession"
    assert AIOHTTP in imported(f"{PROGRAM}\n{used}")
    assert AIOHTTP in imported(f"{PROGRAM}\nfrom aiohttp import web")


def test_it_is_for_nats_py_that_aiohttp_is_loaded_on_use() -> None:
    """When this fails, nats-py does so by itself: `client_type` goes (ADR 41)."""
    assert AIOHTTP in imported("import nats.aio.client")
