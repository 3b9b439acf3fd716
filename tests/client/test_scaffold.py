"""A commented specification says what it was made from, and explains every key."""

import re
import tomllib
from pathlib import Path

import pytest

from faastraingym.algorithms import registry
from faastraingym.client import examples, scaffold
from faastraingym.schemas.specification import Section

EXAMPLES = sorted(examples.FOLDER.glob("*.toml"))
ODD = {
    "environment": {"id": "E-v0", "kwargs": {"map": 'a"b', "size": [1, 2], "deep": {"x": True}}},
    "rollout": {"count": 3, "threshold": 2},
    "algorithm": {"name": "ppo", "hidden_sizes": [8, 16]},
    "reward": [{"kind": "scale", "factor": 1e-3}, {"kind": "potential", "weights": [1.0, -2.0]}],
    "stop": {"env_steps": 10**15, "target": -1e-9},
    "retention": {"versions": 5},
}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_it_says_what_it_was_made_from(file: Path) -> None:
    spec = registry.parse(tomllib.loads(file.read_text()))
    assert registry.parse(tomllib.loads(scaffold.specification(spec))) == spec


def test_whatever_a_specification_holds() -> None:
    spec = registry.parse(ODD)
    assert registry.parse(tomllib.loads(scaffold.specification(spec))) == spec


def keys(section: object) -> set[str]:
    """Of all tables, one for each name."""
    names = set(section.__struct_fields__)  # type: ignore[attr-defined]
    values = [getattr(section, name) for name in names]
    return names.union(*(keys(value) for value in values if isinstance(value, Section)))


@pytest.mark.parametrize("algorithm", registry.PACKAGES)
def test_every_key_is_there_with_a_comment(algorithm: str) -> None:
    rollout = {"count": 3}  # replay takes no threshold
    spec = registry.parse({**ODD, "rollout": rollout, "algorithm": {"name": algorithm}})
    text = scaffold.specification(spec)
    lines = text.splitlines()
    settings = {}
    for before, line in zip(["", *lines], lines, strict=False):
        found = re.match(r"(?:# )?(\w+) =", line) or re.match(r"\[+(\w+)\]", line)
        if found:
            settings[found[1]] = before if "  # " not in line else line
    assert keys(spec) <= set(settings)
    bare = [name for name, about in settings.items() if "#" not in about]
    assert sorted(bare) == ["algorithm", "reward"]  # the line after says what they are
    for kind in ("clip", "normalize"):
        assert f'# kind = "{kind}"' in text
