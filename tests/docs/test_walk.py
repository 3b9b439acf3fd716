"""tests/docs/walk.py notices what it must."""

from pathlib import Path

import pytest

from tests.docs.walk import Block, Walk, missing

PRINTED = "run a\n  1.5 s  started\n  2.5 s  version 30: 7,553 steps\nend\n"
SEEN = [
    "run a\n",
    "run a\n 9 s started\n",
    "...\nend\n",
    "...\nversion 1: 2 steps\nend\n",
]
UNSEEN = [
    ("run b\n", ["run b"]),
    ("...\nversion 1: 2 episodes\n", ["version 1: 2 episodes"]),
    ("run a\nend\n", ["end"]),
    ("...\nend\n...\nrun a\n", ["run a"]),
    ("started\n", ["started"]),
]


@pytest.mark.parametrize("shown", SEEN)
def test_what_was_printed_is_found(shown: str) -> None:
    assert missing(shown, PRINTED) == []


@pytest.mark.parametrize(("shown", "lost"), UNSEEN)
def test_what_was_not_printed_there_is_named(shown: str, lost: list[str]) -> None:
    assert missing(shown, PRINTED) == lost


def test_a_hash_stands_for_any_hash_only() -> None:
    assert missing("sha " + "a1" * 32, "sha " + "7f" * 32) == []
    assert missing("sha " + "a1" * 32, "sha 7f") == ["sha " + "a1" * 32]


def test_a_block_is_a_file_a_command_or_an_output(tmp_path: Path) -> None:
    walk = Walk(tmp_path, {"PATH": "/usr/bin:/bin"})
    walk.take(Block("toml", "a.toml", "seed = 1\n"))
    walk.take(Block("sh", "", "cat a.toml\n"))
    walk.take(Block("text", "", "seed = 2\n"))
    with pytest.raises(AssertionError, match="seed = 1"):
        walk.take(Block("text", "", "sead = 1\n"))
    with pytest.raises(AssertionError, match="no-such-file"):
        walk.take(Block("sh", "", "cat no-such-file\ntrue\n"))
    with pytest.raises(KeyError):
        walk.take(Block("toml", "", "seed = 1\n"))
