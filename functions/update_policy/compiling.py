"""The learner's compilation: its cache, and the time that JAX reports of it."""

import os
import shutil
from pathlib import Path

import jax

from faastraingym.adapters.stage.spans import add

# Before XLA looks, which is when the first array is made: a GPU is to give the same bits, too.
os.environ.setdefault("XLA_FLAGS", "--xla_gpu_deterministic_ops=true")

BROUGHT = Path(__file__).parent / "compiled"  # by the image (`prepare`)
STEPS = "/jax/core/compile/"  # tracing, lowering, XLA or its cache


def unpack(brought: Path, cache: str | None) -> None:
    """Copy the image's compile cache to the folder that JAX reads, if the image has one."""
    if cache and brought.is_dir():
        shutil.copytree(brought, cache, dirs_exist_ok=True)


def tell() -> None:
    """From now on, record every compilation as a span of its invocation."""

    def record(event: str, seconds: float, **_: object) -> None:
        if event.startswith(STEPS):
            add("compile", seconds)

    jax.monitoring.register_event_duration_secs_listener(record)


def device() -> str:
    """The device of the updates: `cpu`, or the name of a GPU."""
    kind: str = jax.devices()[0].device_kind
    return kind
