"""One reader of outside data, and how bad input for it is made."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from faastraingym.algorithms import registry
from faastraingym.schemas.specification import to_dict
from tests.fuzz.inputs import near


class Decoder(NamedTuple):
    """One reader: how to call it, what it may raise, what to try it on."""

    decode: Callable[[Any], object]
    errors: tuple[type[Exception], ...]
    inputs: st.SearchStrategy[Any]
    good: tuple[Any, ...]  # what it must accept
    bombs: tuple[Any, ...] = ()


def json_text(value: Any) -> bytes:
    """JSON as careless writers write it: NaN, lone surrogates."""
    return json.dumps(value, default=repr).encode()


def as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def texts(*good: str) -> st.SearchStrategy[str]:
    """Arbitrary text, lone surrogates included, and mutations of good text."""
    return st.one_of(st.text(max_size=50), near(*(text.encode() for text in good)).map(as_text))


def string_headers(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(name): str(item) for name, item in pairs}


def of_file(load: Callable[[Path], object]) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return load(Path(file.name))

    return read


NOW = 1_700_000_000.0
ROOT = Path(__file__).parents[2]
SPEC = json.loads(msgspec.json.encode(to_dict(registry.parse({
    "environment": {"id": "CartPole-v1", "num_envs": 4, "kwargs": {"x": [1]}},
    "algorithm": {"name": "ppo", "num_minibatches": 4},
    "stop": {"env_steps": 1000, "target": 475.0},
    "rollout": {"count": 2, "threshold": 1},
    "reward": [
        {"kind": "scale", "factor": 2.0},
        {"kind": "clip", "low": -1.0, "high": 1.0},
        {"kind": "potential", "weights": [1.0]},
        {"kind": "normalize"},
    ],
}))))  # fmt: skip
