"""docs/remote_environments.md's file for Stable-Baselines3."""

from typing import Any

from tests.docs.walk import blocks


def documented() -> Any:
    """The class that the page writes."""
    (block,) = (b for b in blocks("docs/remote_environments.md") if b.title == "sb3_vector.py")
    names: dict[str, Any] = {}
    exec(compile(block.text, block.title, "exec"), names)  # noqa: S102  what a reader does
    return names["GymnasiumVecEnv"]
