"""Random streams: each derives from the run's seed, a purpose and indices, so a retry repeats it.

Neighbouring seeds never overlap, as they would with `reset(seed=s)`, which takes s, s+1, ...
"""

import zlib
from typing import Any

import numpy as np

from faastraingym.schemas.payloads import GeneratorState


def sequence(run_seed: int, purpose: str, *indices: int) -> np.random.SeedSequence:
    """The seed sequence of one purpose, as `("reset", origin, slot, environment, episode)`.

    `origin` is the version in which the slot was last reset.
    """
    key = (zlib.crc32(purpose.encode()), *indices)
    return np.random.SeedSequence(entropy=run_seed, spawn_key=key)


def generator(run_seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """A new PCG64 generator for one purpose."""
    return np.random.Generator(np.random.PCG64(sequence(run_seed, purpose, *indices)))


def integer(run_seed: int, purpose: str, *indices: int) -> int:
    """A seed for foreign code: 31 bits, which every environment's own generator takes."""
    return int(sequence(run_seed, purpose, *indices).generate_state(1)[0] >> 1)


def key_data(run_seed: int, purpose: str, *indices: int) -> np.ndarray:
    """The two words of a threefry key, [2] uint32, for `jax.random.wrap_key_data`."""
    return sequence(run_seed, purpose, *indices).generate_state(2)


def pack_generator(source: np.random.Generator) -> GeneratorState:
    """The state of a PCG64 generator as data: its 128-bit words as bytes."""
    state: dict[str, Any] = dict(source.bit_generator.state)
    return {
        "state": state["state"]["state"].to_bytes(16, "little"),
        "inc": state["state"]["inc"].to_bytes(16, "little"),
        "has_uint32": state["has_uint32"],
        "uinteger": state["uinteger"],
    }


def unpack_generator(packed: GeneratorState) -> np.random.Generator:
    """The generator whose state `pack_generator` returned."""
    state, inc = (int.from_bytes(word, "little") for word in (packed["state"], packed["inc"]))
    bits: Any = np.random.PCG64(0)
    bits.state = {"bit_generator": "PCG64", **packed, "state": {"state": state, "inc": inc}}
    return np.random.Generator(bits)
