"""An embedded stack of its own for each benchmark, in a temporary folder."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks.checkout import CHECKOUT
from faastraingym.adapters.settings import Settings
from faastraingym.adapters.stage import connections
from faastraingym.adapters.stage.connections import Connections
from faastraingym.embedded import stack
from faastraingym.embedded.state import StackState

__all__ = ["CHECKOUT", "connected", "home", "running"]

KEPT_WARM = {"FAASTRAIN_ZERO_DURATION": "15m"}  # unless a benchmark wants to see it go


@contextmanager
def home() -> Iterator[Path]:
    """A folder for a stack; whatever runs there in the end is stopped."""
    with tempfile.TemporaryDirectory(prefix="ftg-bench-") as folder:
        try:
            yield Path(folder)
        finally:
            stack.down(Path(folder))


@contextmanager
def running(variables: Mapping[str, str] = KEPT_WARM) -> Iterator[StackState]:
    """A stack that runs meanwhile."""
    with home() as folder:
        yield stack.up(folder, {**os.environ, **variables})


def settings(state: StackState) -> Settings:
    """What a replica named `benchmark` would be told."""
    return Settings.from_environment(
        {
            "FTG_NATS_URL": state.nats_url,
            "FTG_NATS_API": state.nats_api,
            "FTG_S3_URL": state.s3_url,
            "FTG_BUCKET": state.bucket,
            "FTG_SECRETS": state.secrets,
            "FTG_FUNCTION": "supervisor",
            "FTG_REPLICA": "benchmark",
        }
    )


@asynccontextmanager
async def connected(state: StackState) -> AsyncIterator[Connections]:
    """What a stage holds: the facts, the objects, the commands."""
    held = await connections.connect(settings(state))
    try:
        yield held
    finally:
        await held.close()
