"""Bad input: mutations of good bytes, good data with odd values in it, and bombs."""

import math
import random
from typing import Any

import msgpack
import numpy as np
from hypothesis import strategies as st

from faastraingym.schemas import arrays
from faastraingym.schemas.arrays import DTYPES

DEEP = 10_000  # levels
HUGE = 2**32 - 1  # the longest length that msgpack can declare

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    2**64 - 1,
    -(2**63),
    math.nan,
    math.inf,
    -math.inf,
    "",
    "\x00",
    "\n",
    "\ud800",
    "ü" * 300,
    "../../etc/passwd",
    b"",
    b"\xff" * 17,
    [],
    {},
    {"": None},
    [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]],
)


def mutated(good: bytes, other: bytes, source: random.Random) -> bytes:
    """`good` after one to four flips, insertions, deletions, splices or cuts."""
    data = bytearray(good)
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(data) + 1)
        match source.randrange(6):
            case 0 if data:
                data[place % len(data)] ^= 1 << source.randrange(8)
            case 1 if data:
                data[place % len(data)] = source.randrange(256)
            case 2:
                data[place:place] = source.randbytes(source.randint(1, 8))
            case 3:
                del data[place : place + source.randint(1, 16)]
            case 4:
                start = source.randrange(len(other) + 1)
                data[place:place] = other[start : start + source.randint(1, 64)]
            case _:
                del data[place:]
    return bytes(data)


def swapped(good: Any, source: random.Random, chance: float = 0.03) -> Any:
    """Plain data with odd values, missing keys and new ones somewhere in it."""
    if source.random() < chance:
        return source.choice(ODD)
    if isinstance(good, dict):
        kept = {
            k: swapped(v, source, chance) for k, v in good.items() if source.random() > chance / 2
        }
        return kept if source.random() > chance else {**kept, "odd": source.choice(ODD)}
    if isinstance(good, np.ndarray):
        return odd_array(good, source) if source.random() < 4 * chance else good
    if isinstance(good, list):
        return [swapped(item, source, chance) for item in good] * source.choice((1, 1, 1, 2))
    return good


def odd_array(good: np.ndarray, source: random.Random) -> np.ndarray:
    """An array of another dtype, rank, size or content."""
    with np.errstate(all="ignore"):
        match source.randrange(6):
            case 0:
                return good.astype(source.choice(sorted(DTYPES)))
            case 1:
                return good[None]
            case 2:
                return good.reshape(-1)
            case 3:
                return np.concatenate([good.reshape(-1)] * 2)
            case 4:
                return np.full_like(good, math.nan) if good.dtype.kind == "f" else np.array(~good)
            case _:
                return good[:0] if good.ndim else good[None]


def near_payload(*good: Any) -> st.SearchStrategy[bytes]:
    """Payloads with odd values and arrays in them, and their bytes mutated."""
    randoms = st.randoms(use_true_random=True)

    def odd(payload: Any, source: random.Random) -> bytes:
        return packed(swapped(payload, source))

    return st.one_of(near(*map(packed, good)), st.builds(odd, st.sampled_from(good), randoms))


def near(*good: bytes) -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, and mutations of good ones."""
    chosen = st.sampled_from(good)
    # Seeded by Hypothesis: repeatable, and a thousand times cheaper than drawing each byte.
    randoms = st.randoms(use_true_random=True)
    return st.one_of(st.binary(max_size=300), st.builds(mutated, chosen, chosen, randoms))


def near_data(*good: Any) -> st.SearchStrategy[Any]:
    """Good data with odd values in it."""
    randoms = st.randoms(use_true_random=True)
    return st.builds(swapped, st.sampled_from(good), randoms)


def packed(value: Any) -> bytes:
    """msgpack of plain data, its arrays left as they are, lone surrogates too."""
    return msgpack.packb(value, unicode_errors="surrogatepass", default=arrays._pack_array)


def msgpack_bombs() -> tuple[bytes, ...]:
    """Few bytes that declare much: lengths, nesting, arrays of exbibytes."""
    lengths = HUGE.to_bytes(4, "big")
    array = msgpack.packb(["<f4", [2**62], b""])
    giant = msgpack.packb(msgpack.ExtType(1, array))
    return (
        b"\xdd" + lengths,  # a list
        b"\xdf" + lengths,  # a map
        b"\xdb" + lengths,  # a text
        b"\xc6" + lengths,  # bytes
        b"\xc9" + lengths + b"\x01",  # an extension
        b"\xdd\x7f\xff\xff\xff" * 200,  # lists of lists, each long
        b"\x91" * DEEP + b"\xc0",
        b"\x81\xa1x" * DEEP + b"\xc0",
        giant,
        msgpack.packb({"version": 1, "parameters": {"w": msgpack.ExtType(1, array)}}),
        b"\xc1" * 64,
    )


def json_bombs() -> tuple[bytes, ...]:
    """Depth, long numbers, lone surrogates."""
    return (
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"x":' * DEEP + b"1" + b"}" * DEEP,
        b"1" * 100_000,
        b'{"seed": ' + b"9" * 5000 + b"}",
        b"1e999",
        b'"\\ud800"',
        b"\xff\xfe",
        b"NaN",
    )


def yaml_bombs() -> tuple[bytes, ...]:
    """Aliases of aliases, merges of merges, depth, numbers and dates that are none."""
    laughs = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    merges = "m0: &m0 {k: v}\n" + "".join(
        f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}\n" for i in range(1, 40)
    )
    texts = (
        laughs,
        laughs + "functions: *a29\n",
        merges,
        merges + "functions: {f: *m39}\n",
        "a: &a [*a]\nfunctions: {f: *a}\n",
        "functions: &f {f: *f}\n",
        "[\n" * DEEP,
        "{a: " * DEEP,
        "- " * 2000 + "x",
        "seed: " + "9" * 5000,
        "seed: 0x" + "f" * 100_000,
        "seed: " + ":".join(["59"] * 2000),
        "d: 2024-99-99",
        "!!python/object/apply:os.system [echo]",
        "? [a]\n: b",
        "k: !!set {a}\nb: !!binary aGk=\nf: !!float x",
    )
    return tuple(text.encode() for text in texts)


def toml_bombs() -> tuple[bytes, ...]:
    """Depth by brackets, by dots and by headers; long numbers; dates that are none."""
    texts = (
        "a = " + "[" * DEEP,
        "a = " + "{x = " * DEEP,
        ".".join("a" * DEEP) + " = 1",
        "[" + ".".join("a" * DEEP) + "]",
        "seed = " + "9" * 5000,
        "seed = 0x" + "f" * 100_000,
        "seed = nan",
        "d = 2024-99-99",
        'a = "\\ud800"',
    )
    return tuple(text.encode() for text in texts)


def xml_bombs() -> tuple[bytes, ...]:
    """Depth, entities that grow and that name files, encodings and times that are none."""
    grown = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 9))
    stamp = "<a><Contents><Key>k</Key><LastModified>{}</LastModified></Contents></a>"
    texts = (
        "<a>" * DEEP + "</a>" * DEEP,
        f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 100}">{grown}]><a><IsTruncated>&e8;</IsTruncated></a>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><IsTruncated>&e;</IsTruncated></a>',
        '<?xml version="1.0" encoding="no-such"?><a/>',
        '<?xml version="1.0" encoding="utf-7"?><a/>',
        "<a>&#xD800;</a>",
        *(
            stamp.format(at)
            for at in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00", "9" * 5000)
        ),
    )
    return tuple(text.encode() for text in texts)
