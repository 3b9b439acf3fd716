"""nats-server reads what we write, whatever characters a path or a password has."""

import os
import subprocess
from pathlib import Path

import pytest

from faastraingym.adapters.nats.conf import written
from tests.servers import binary

NAMES = [
    "jürgen",
    "with \"quotes\" and 'others'",
    "$HOME $(x) `y` ${z}",
    "back\\slash \\n \\x41 \\u00fc",
    "two\nlines\tand a tab\r",
    "#no comment; // nor this, {} [] () %s",
    "🙂 日本 \u00a0\u200b",
    "-dash",
    "\x01\x7f",
    os.fsdecode(b"no utf-8 \xff\xfe"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_server_uses_the_folder_that_it_is_told(name: str, tmp_path: Path) -> None:
    """The folder has that very name; nothing is left out and nothing substituted."""
    store = tmp_path / name / "store"
    store.mkdir(parents=True)
    file = tmp_path / "nats.conf"
    told = {"listen": "127.0.0.1:-1", "jetstream": {"store_dir": str(store), "strict": True}}
    file.write_text("".join(f"{key}: {written(value)}\n" for key, value in told.items()))
    server = subprocess.Popen(
        [binary("nats-server"), "--config", str(file)],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if "Server is ready" in line:
                break
        assert (store / "jetstream").is_dir(), "".join(said)
    finally:
        server.kill()
        server.communicate()


def test_values_of_every_kind() -> None:
    """As JSON has them, but for the strings."""
    assert written({"a": [1, True, False, "ü"], "b": {}}) == '{"a": [1, true, false, "ü"], "b": {}}'
    assert written('"\\\x00é\n') == '"\\"\\\\\\x00é\\n"'
