"""One environment among those that callers step: its episode, and how it came where it is."""

import copy
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.environments import snapshots
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.space_info import built
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec

Decode: TypeAlias = Callable[[bytes], list[Any]]


class Place:
    """One environment: which episode it plays, and how it came where it is."""

    def __init__(self, spec: EnvironmentSpec, replays: bool, decode: Decode) -> None:
        """One that is not built yet; `decode` gives the actions of a log, where it replays them."""
        self._spec, self._replays, self._decode = spec, replays, decode
        self._stepping = foreign(f"{spec.id}: step()")
        self.environment: Any = None  # built when it is needed
        self.generator: np.random.Generator | None = None  # of what is not built yet
        self.begun = self.ended = False
        self.seen: Any = None
        self.info: dict[str, Any] = {}  # beside it
        # Of one that is not replayed, once known: its attributes; its generator, packed.
        self._attributes: list[tuple[Any, str]] = []
        self._drawn = b""
        # Of one that is replayed: how its episode began, and its actions since then.
        self.before, self.log = b"", bytearray()
        self.seed: int | None = None
        self.options: Any = None

    def reset(self, seed: int | None, options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; without a seed by the environment's own generator."""
        self._ready()
        self._drawn = b""
        if self._replays:
            own = self.environment.unwrapped
            self.before = b"" if seed is not None else packed(own.np_random)
        self.seed, self.options = seed, options
        self.log.clear()
        with foreign(f"{self._spec.id}: reset()"):
            self.seen, self.info = self.environment.reset(seed=seed, options=copy.deepcopy(options))
        self.begun, self.ended = True, False
        return self.seen, self.info

    def step(self, action: Any, row: bytes) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take a step; `row` is the action in the log."""
        self.log += row
        with self._stepping:
            self.seen, reward, terminated, truncated, self.info = self.environment.step(action)
            terminated, truncated = bool(terminated), bool(truncated)
            self.ended = terminated or truncated
            return self.seen, float(reward), terminated, truncated, self.info

    def attributes(self) -> list[tuple[Any, str]]:
        """Of one that is not replayed: layers, and names of their attributes; it is built once."""
        self._attributes = self._attributes or snapshots.attributes(self.environment)
        return self._attributes

    def saved_generator(self) -> bytes:
        """As it is now; of an episode that is repeated, before its reset; empty: it had a seed."""
        if self.begun and self._replays:
            return self.before
        if self.generator is not None:
            return packed(self.generator)
        # Environments of the table draw in resets alone.
        self._drawn = self._drawn or packed(self.environment.unwrapped.np_random)
        return self._drawn

    def repeat(self, seed: Any, options: Any, log: bytes, ended: int) -> None:
        """Play an episode again that began so."""
        self.reset(seed, options)
        for action in self._decode(log):
            if self.ended:
                break
            self.step(action, b"")
        self.log += log
        if self.ended != bool(ended):
            raise EnvironmentFailed(undetermined(self._spec))

    def put(self, snapshot: dict[str, np.ndarray], seen: Any, ended: int) -> None:
        """Continue an episode from its attributes and what was `seen` last, with the
        generator as it was then.
        """
        generator, self.generator = self.generator, None
        self._ready()
        with foreign(f"{self._spec.id}: reset()"):
            self.environment.reset(seed=0)
        snapshots.put(self.environment, snapshot)
        self.environment.unwrapped.np_random = generator
        self.seen, self.info = seen, {}
        self.begun, self.ended, self._drawn = True, bool(ended), b""

    def _ready(self) -> None:
        """Build the environment, or build it anew, with the generator that it goes on with."""
        generator, self.generator = self.generator, None
        if self.environment is None or (self.begun and self._replays):
            old, self.environment = self.environment, built(self._spec)
            if old is not None:
                generator = old.unwrapped.np_random
                with foreign(f"{self._spec.id}: close()"):
                    old.close()
        if generator is not None:
            self.environment.unwrapped.np_random = generator


def packed(generator: np.random.Generator) -> bytes:
    """A PCG64 generator's state."""
    data = seeding.pack_generator(generator)
    more = struct.pack("<BI", data["has_uint32"], data["uinteger"])
    return data["state"] + data["inc"] + more


def unpacked(data: bytes) -> np.random.Generator | None:
    """The generator that `packed` was given; None of no bytes."""
    if not data:
        return None
    has, uinteger = struct.unpack("<BI", data[32:])
    return seeding.unpack_generator(
        {"state": data[:16], "inc": data[16:32], "has_uint32": has, "uinteger": uinteger}
    )


def undetermined(spec: EnvironmentSpec) -> str:
    """Why an episode that was played again cannot be gone on with."""
    return (
        f"{spec.id} is not determined by its seed: its episode was played again, and gave "
        "something else; draw random numbers from self.np_random, which reset(seed=seed) seeds, "
        "and keep no state in a class or module"
    )
