"""A policy from a file, for runs that evaluate: any, but always the same one."""

import hashlib
from typing import Any

import numpy as np

from faastraingym.schemas import keys
from faastraingym.schemas.payloads import Policy, Statistics, dump

BUCKET = "faastraingym"
HIDDEN, SEEN, ACTIONS = 8, 4, 2  # CartPole's, and the specification's


def _policy() -> Policy:
    random = np.random.default_rng(7)

    def array(*shape: int) -> np.ndarray:
        return random.normal(size=shape, scale=0.3).astype(np.float32)

    return Policy(
        version=9,
        parameters={
            "policy/layer_0/bias": array(HIDDEN),
            "policy/layer_0/kernel": array(SEEN, HIDDEN),
            "policy/head/bias": array(ACTIONS),
            "policy/head/kernel": array(HIDDEN, ACTIONS),
        },
        statistics=Statistics(count=10.0, mean=np.zeros(SEEN), m2=np.full(SEEN, 10.0)),
    )


DATA = dump(_policy())
SHA256 = hashlib.sha256(DATA).hexdigest()
KEY = keys.brought_policy(SHA256)
TABLE: dict[str, Any] = {
    "policy": "policy.npz",
    "object": {"bucket": BUCKET, "key": KEY, "size": len(DATA), "sha256": SHA256},
}


def objects(spec: dict[str, Any]) -> dict[str, bytes]:
    """What has to be in the store before a specification is asked for, by key."""
    return {KEY: DATA} if spec.get("evaluate") == TABLE else {}
