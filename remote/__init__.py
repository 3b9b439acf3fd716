"""Environments that are stepped elsewhere, as Gymnasium's: by `env-step` `faastrain/Remote-v0`, by
an OpenEnv server `faastrain/OpenEnv-v0` (ADR 78).

    import gymnasium
    import faastraingym.remote

    env = gymnasium.make("faastrain/Remote-v0", url=URL, env_id="CartPole-v1", token=TOKEN)

Importing this registers the ids with Gymnasium. It imports NumPy, Gymnasium, msgspec and msgpack,
and nothing else of FaaSTrainGym but `schemas`, so a machine that only steps environments needs
neither JAX nor a server (ADR 72).
"""

import gymnasium

from faastraingym.remote.environment import RemoteEnv
from faastraingym.remote.errors import RemoteError
from faastraingym.remote.vector import RemoteVectorEnv

__all__ = ["ID", "OPENENV_ID", "RemoteEnv", "RemoteError", "RemoteVectorEnv"]

ID = "faastrain/Remote-v0"
OPENENV_ID = "faastrain/OpenEnv-v0"

gymnasium.register(
    ID,
    entry_point="faastraingym.remote.environment:RemoteEnv",
    vector_entry_point="faastraingym.remote.vector:RemoteVectorEnv",
)
gymnasium.register(OPENENV_ID, entry_point="faastraingym.remote.openenv:OpenEnv")
