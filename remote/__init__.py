"""Environments that `env-step` steps elsewhere, as Gymnasium's: `faastrain/Remote-v0`.

    import gymnasium
    import faastraingym.remote

    env = gymnasium.make("faastrain/Remote-v0", url=URL, env_id="CartPole-v1", token=TOKEN)

Importing this registers the id with Gymnasium. It imports NumPy, Gymnasium, msgspec and msgpack,
and nothing else of FaaSTrainGym but `schemas`, so a machine that only steps environments needs
neither JAX nor a server (ADR 72).
"""

import gymnasium

from faastraingym.remote.environment import RemoteEnv
from faastraingym.remote.errors import RemoteError
from faastraingym.remote.vector import RemoteVectorEnv

__all__ = ["ID", "RemoteEnv", "RemoteError", "RemoteVectorEnv"]

ID = "faastrain/Remote-v0"

gymnasium.register(
    ID,
    entry_point="faastraingym.remote.environment:RemoteEnv",
    vector_entry_point="faastraingym.remote.vector:RemoteVectorEnv",
)
