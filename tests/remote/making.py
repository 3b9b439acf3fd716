"""Remote environments of a test's server, made as anybody makes them."""

from typing import Any

import gymnasium

from faastraingym.remote import ID
from tests.remote.local_server import TOKEN, Server


def single(server: Server, env_id: str, **kwargs: Any) -> Any:
    return gymnasium.make(ID, url=server.url, token=TOKEN, env_id=env_id, **kwargs)


def vector(server: Server, env_id: str, num_envs: int, **kwargs: Any) -> Any:
    return gymnasium.make_vec(ID, num_envs, url=server.url, token=TOKEN, env_id=env_id, **kwargs)
