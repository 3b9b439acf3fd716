"""The memory that an environment itself gives and takes: `get_state()` and `set_state(state)`.

The state is a dictionary of arrays or numbers. It is complete: with it, an environment built anew
resets as the old one would have. Both methods are looked up through wrappers.
"""

from typing import Any, TypeAlias

import gymnasium
import numpy as np

from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.arrays import DTYPES
from faastraingym.schemas.payloads import Arrays

MAX_BYTES = 1 << 20  # of one environment's state: it travels with every trajectory

Environment: TypeAlias = gymnasium.Env[Any, Any]


def take(environment: Environment) -> Arrays:
    """The state of `environment`, as arrays of its own.

    Raises:
        EnvironmentFailed: it has no `get_state`, or that raised, or gave no storable state.
    """
    state = _call(environment, "get_state")
    if not isinstance(state, dict):
        raise EnvironmentFailed(f"get_state() gave a {type(state).__name__}; {_ALLOWED}")
    arrays = {str(name): _array(name, value) for name, value in state.items()}
    size = sum(array.nbytes for array in arrays.values())
    if size > MAX_BYTES:
        raise EnvironmentFailed(f"get_state() gave {size} bytes; allowed: at most {MAX_BYTES}")
    return arrays


def put(environment: Environment, state: Arrays) -> None:
    """Hands `state` to an environment that was just built and not yet reset.

    Raises:
        EnvironmentFailed: it has no `set_state`, or that raised.
    """
    # copies: decoded arrays are read-only
    _call(environment, "set_state", {name: array.copy() for name, array in state.items()})


def _array(name: Any, value: Any) -> np.ndarray:
    with foreign(f"get_state()[{name!r:.40}]"):
        array = np.array(value)
    if array.dtype.newbyteorder("<").str not in DTYPES:
        raise EnvironmentFailed(f"get_state()[{name!r:.40}] is of {array.dtype}; {_ALLOWED}")
    return array


def _call(environment: Environment, name: str, *arguments: Any) -> Any:
    if not environment.has_wrapper_attr(name):
        raise EnvironmentFailed(f"{name}() is not there; write get_state() and set_state(state)")
    with foreign(f"{name}()"):
        return environment.get_wrapper_attr(name)(*arguments)


_ALLOWED = f"allowed: a dictionary of arrays of {', '.join(sorted(DTYPES))}"
