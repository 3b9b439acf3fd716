"""Environments side by side: a hash over all that they give, by equal seeds and actions."""

import hashlib
from typing import Any

import gymnasium
import numpy as np


def hashed(sha: "hashlib._Hash", value: Any) -> None:
    """Take up a value by its kind and its bits: of tables, sequences, arrays and scalars."""
    match value:
        case dict():
            for name in sorted(value):
                sha.update(f"{name}:".encode())
                hashed(sha, value[name])
        case list() | tuple():
            sha.update(f"{len(value)}[".encode())
            for item in value:
                hashed(sha, item)
        case np.ndarray() if value.dtype == np.object_:
            hashed(sha, value.tolist())
        case np.ndarray():
            sha.update(f"{value.dtype.str}{value.shape}".encode())
            sha.update(np.ascontiguousarray(value).tobytes())
        case bool() | np.bool_():
            sha.update(f"{bool(value)}".encode())
        case int() | np.integer():  # local ones give either for a Discrete
            sha.update(f"{int(value)}".encode())
        case float() | np.floating():
            sha.update(float(value).hex().encode())
        case _:
            sha.update(repr(value).encode())


def played(env: gymnasium.Env[Any, Any], steps: int, seed: int = 3) -> str:
    """SHA-256 over all transitions: one seeded reset, then whole episodes by chosen actions."""
    sha = hashlib.sha256()
    env.action_space.seed(seed)
    hashed(sha, env.reset(seed=seed))
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        hashed(sha, (observation, float(reward), terminated, truncated, info))
        if terminated or truncated:
            hashed(sha, env.reset())
    return sha.hexdigest()


def played_together(envs: Any, steps: int, seed: int = 3) -> str:
    """The same of a vector, which resets itself; now and then some are reset by a mask."""
    sha = hashlib.sha256()
    envs.action_space.seed(seed)
    hashed(sha, envs.reset(seed=seed))
    for step in range(steps):
        hashed(sha, envs.step(envs.action_space.sample()))
        if step % 50 == 49:
            mask = np.arange(envs.num_envs) % 3 == step // 50 % 3
            hashed(sha, envs.reset(options={"reset_mask": mask}))
    return sha.hexdigest()
