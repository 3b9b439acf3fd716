"""From what a caller names as an environment to the specification's table `environment`."""

from typing import Any

from faastraingym.client.errors import BadInput


def resolve(env: object) -> dict[str, Any]:
    """The table, of an environment's id, of a class, or of `file.py:Class`.

    Raises:
        BadInput: a class or a file, whose code no stack takes yet.
    """
    if isinstance(env, str) and ".py:" not in env:
        return {"id": env}
    named = env if isinstance(env, str) else getattr(env, "__qualname__", type(env).__qualname__)
    raise BadInput(
        f"{named}: code of an environment does not travel to the stack yet; register it in a "
        "module, name that in FTG_ENVIRONMENTS when the stack starts, and train its id"
    )
