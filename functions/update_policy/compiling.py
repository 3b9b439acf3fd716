"""What compiling costs, as JAX itself tells it."""

import jax

from adapters.spans import add

STEPS = "/jax/core/compile/"  # tracing, lowering, XLA or what was kept of it


def tell() -> None:
    """From now on every compilation is told to the invocation that it happens in."""
    jax.monitoring.register_event_duration_secs_listener(_heard)


def _heard(event: str, seconds: float, **_: object) -> None:
    if event.startswith(STEPS):
        add("compile", seconds)
