"""The spaces of environments that this process does not import, as a run's manifest tells them.

A stage that only learns needs an environment's spaces, not its code: no Gymnasium is imported here.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from faastraingym.algorithms.environments import on_jax
from faastraingym.schemas.specification import EnvironmentSpec

REMEMBERED = 256
_SPACES: OrderedDict[bytes, Sequence[Any]] = OrderedDict()


def remember(environment: EnvironmentSpec, spaces: Sequence[Any]) -> None:
    """From now on, `find` gives these spaces of an environment that `is_told`."""
    key = _key(environment)
    _SPACES[key] = spaces
    _SPACES.move_to_end(key)
    while len(_SPACES) > REMEMBERED:
        _SPACES.popitem(last=False)


def find(environment: EnvironmentSpec) -> Sequence[Any] | None:
    """The spaces that were remembered, the values of a SpaceInfo."""
    return _SPACES.get(_key(environment)) if is_told(environment) else None


def is_told(environment: EnvironmentSpec) -> bool:
    """Whether manifests tell its spaces: a package's, or one that is a program of JAX."""
    return bool(environment.package_digests) or on_jax.is_one(environment)


def _key(environment: EnvironmentSpec) -> bytes:
    return msgspec.json.encode(environment, order="deterministic")
