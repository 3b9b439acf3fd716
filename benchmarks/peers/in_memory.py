"""CartPole-v1s that a server holds in memory, as anybody would write it: what its bodies ask for.

msgpack both ways; arrays are their bytes alone, for the caller knows their shapes. Neither this
repository's packages nor its errors, so that the peers' interpreter has it too.
"""

import uuid
from typing import Any

import gymnasium
import msgpack
import numpy as np


class Held:
    """Vectors of environments by a name that their maker was told."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def answer(self, body: bytes) -> bytes:
        """Of {"num_envs", "seed"} a new vector, reset; of {"name", "actions"} its next step."""
        asked = msgpack.unpackb(body)
        if "name" in asked:
            return self._step(asked["name"], asked["actions"])
        envs = gymnasium.make_vec("CartPole-v1", asked["num_envs"], vectorization_mode="sync")
        name = uuid.uuid4().hex
        self._held[name] = envs
        observations, _ = envs.reset(seed=asked["seed"])
        return _packed(name=name, observations=observations)

    def _step(self, name: str, actions: bytes) -> bytes:
        observations, rewards, terminated, truncated, _ = self._held[name].step(
            np.frombuffer(actions, np.int64)
        )
        return _packed(
            observations=observations, rewards=rewards, terminated=terminated, truncated=truncated
        )


def _packed(**fields: Any) -> bytes:
    packed: bytes = msgpack.packb(
        {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in fields.items()}
    )
    return packed
