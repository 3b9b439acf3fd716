"""The parts of an observation space that is more than one Box or Discrete, each by its path.

A path names the keys of Dict spaces and the places of Tuple spaces: `camera/left`, `0`. That of a
space without parts is empty.
"""

from collections.abc import Iterator
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from faastraingym.schemas.arrays import DTYPES

IN_INFO = "info/action_mask"  # the path of masks that `info` has, and observations have not
READ = "Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of these"


class Leaf(NamedTuple):
    """One part: how it is stored, and how networks read it."""

    path: str
    dtype: str  # as it is stored
    shape: tuple[int, ...]
    # choices: one-hot; image: 0 to 255, read as 0 to 1; numbers: may be normalised; mask: of
    # actions, which networks do not read
    kind: Literal["numbers", "image", "bits", "choices", "mask"]
    # of each element of a Discrete or MultiDiscrete space; a mask's: of each element of an action
    choices: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()  # the first choice of each

    @property
    def words(self) -> str:
        """The part, in a sentence about an observation."""
        if self.path == IN_INFO and self.kind == "mask":
            return 'info["action_mask"]'
        return f"observation part {self.path!r}" if self.path else "observation"

    @property
    def size(self) -> int:
        """Numbers that a network reads of it."""
        if self.kind == "mask":
            return 0
        return sum(self.choices) if self.choices else prod(self.shape)


def leaves(space: Space[Any], path: str = "") -> Iterator[Leaf]:
    """The parts of a space that `refused` has no objection to."""
    if isinstance(space, Dict | Tuple):
        for name, part in _parts(space):
            yield from leaves(part, inside(path, name))
        return
    dtype, shape = np.dtype(space.dtype).newbyteorder("<").str, tuple(space.shape or ())
    if isinstance(space, Discrete):
        yield Leaf(path, dtype, shape, "choices", (int(space.n),), (int(space.start),))
    elif isinstance(space, MultiDiscrete):
        choices, starts = (tuple(map(int, n.ravel())) for n in (space.nvec, space.start))
        yield Leaf(path, dtype, shape, "choices", choices, starts)
    elif isinstance(space, MultiBinary):
        yield Leaf(path, dtype, shape, "bits")
    else:
        yield Leaf(path, dtype, shape, "image" if is_image(space) else "numbers")


def refused(space: Space[Any], path: str = "") -> Iterator[str]:
    """Why a space or a part of it cannot be read: a clause each, which names the part."""
    named = f"its part {path!r}, " if path else ""
    if isinstance(space, Dict | Tuple):
        parts = list(_parts(space))
        if not parts:
            yield f"{named}{space}: it has no parts"
        for name, part in parts:
            below = inside(path, name)
            if not isinstance(name, str) or not name or "/" in name:
                yield f"{named}{space}: its key {name!r} is no text, empty, or has a slash"
            else:
                yield from refused(part, below)
    elif not isinstance(space, Box | Discrete | MultiDiscrete | MultiBinary):
        yield f"{named}{space}: the number of its elements is not fixed"
    elif 0 in (space.shape or ()):
        yield f"{named}{space}: it has no elements"
    elif np.dtype(space.dtype).newbyteorder("<").str not in DTYPES:
        yield f"{named}{space}: {np.dtype(space.dtype)} cannot be stored"


def is_image(space: Space[Any]) -> bool:
    """Whether its numbers are from 0 to 255, as those of images are."""
    return isinstance(space, Box) and bool((space.low == 0).all() and (space.high == 255).all())


def at(observation: Any, path: str) -> Any:
    """The part of an observation, or of a batch of them, at `path`.

    Raises:
        LookupError, TypeError, ValueError: there is none.
    """
    for name in path.split("/") if path else ():
        if isinstance(observation, tuple | list):
            observation = observation[int(name)]
        elif isinstance(observation, dict):
            observation = observation[name]
        else:
            raise TypeError(f"a {type(observation).__name__} has no parts")
    return observation


def at_space(space: Any, path: str) -> Space[Any]:
    """The part of a space at a path that `leaves` gave."""
    for name in path.split("/") if path else ():
        space = dict(_parts(space))[name]
    found: Space[Any] = space
    return found


def inside(path: str, name: Any) -> str:
    """The path of the part `name` of the space at `path`."""
    return f"{path}/{name}" if path else str(name)


def _parts(space: Any) -> Iterator[tuple[Any, Space[Any]]]:
    if isinstance(space, Dict):
        yield from space.spaces.items()
    else:
        yield from ((str(i), part) for i, part in enumerate(space.spaces))
