"""The spaces of environments that this process does not import, as a run's manifest tells them.

A stage that only learns needs an environment's spaces, not its code: no Gymnasium is imported here.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from faastraingym.schemas.specification import EnvironmentSpec

REMEMBERED = 256
_SPACES: OrderedDict[bytes, Sequence[Any]] = OrderedDict()


def remember(environment: EnvironmentSpec, spaces: Sequence[Any]) -> None:
    """From now on, `find` gives these spaces of a packaged environment."""
    key = _key(environment)
    _SPACES[key] = spaces
    _SPACES.move_to_end(key)
    while len(_SPACES) > REMEMBERED:
        _SPACES.popitem(last=False)


def find(environment: EnvironmentSpec) -> Sequence[Any] | None:
    """The spaces that were remembered, the values of a SpaceInfo."""
    return _SPACES.get(_key(environment)) if environment.package_digests else None


def _key(environment: EnvironmentSpec) -> bytes:
    return msgspec.json.encode(environment, order="deterministic")
