"""docs/adding-a-stage.md is carried out in a copy of the repository, and what it says is so."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.checkout import CHECKOUT

TEXT = (CHECKOUT / "docs" / "adding-a-stage.md").read_text()
PLACE = re.compile(
    r"(?:file\s`(?P<new>[^`]+)`|[Ii]n\s`(?P<old>[^`]+)`,\s"
    r"(?P<how>before|after|instead of)\s`(?P<anchor>[^`]+)`):\n\n```\w+\n(?P<code>.*?)```\n",
    re.DOTALL,
)
MOST_PLACES = 5
HELD = (
    "tests/functions/test_announce_best.py",
    "tests/functions/test_admits.py",
    "tests/events/export",
    "tests/events/pipeline/test_flow.py",
    "tests/events/pipeline/test_identities.py",
    "tests/events/topology",
    "tests/schemas/test_messages.py",
    "tests/deploy/test_generated.py",
    "tests/test_compose.py",
    "tests/test_floors.py",
)


class Change(NamedTuple):
    """One block of the document."""

    file: str
    how: str  # "": the file is new
    anchor: str
    code: str


CHANGES = [
    Change(m["new"] or m["old"], m["how"] or "", m["anchor"] or "", m["code"])
    for m in PLACE.finditer(TEXT)
]


def applied(change: Change, text: str) -> str:
    """The text of a file after the change; its anchor is how exactly one line begins."""
    lines = text.splitlines(keepends=True)
    [at] = [i for i, line in enumerate(lines) if line.startswith(change.anchor)]
    begin, end = {"before": (at, at), "after": (at + 1, at + 1), "instead of": (at, at + 1)}[
        change.how
    ]
    return "".join([*lines[:begin], change.code, *lines[end:]])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's files, with the document's changes."""
    root = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(
        [
            shutil.which("git") or "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source, target = CHECKOUT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_file():
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    for change in CHANGES:
        path = root / change.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(applied(change, path.read_text()) if change.how else change.code)
    return root


def run(copy: Path, *command: str) -> None:
    """Run a program of this environment in the copy; all imports are from there."""
    paths = {"PYTHONPATH": str(copy), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=copy, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stage_is_written_in_five_places() -> None:
    """Its folder is one of them."""
    changed = {re.sub(r"^(functions/\w+)/.*", r"\1", change.file) for change in CHANGES}
    assert len(CHANGES) == TEXT.count("```") // 2, "a block that the pattern does not find"
    assert len(changed) == MOST_PLACES


def test_what_derives_is_made_and_the_house_holds(copy: Path) -> None:
    run(copy, "ruff", "format", "--check", ".")
    run(copy, "ruff", "check", ".")
    run(copy, "lint-imports")
    for module in ("faastraingym.events.export docs", "faastraingym.deploy.generated"):
        run(copy, sys.executable, "-m", *module.split())
    assert "policy.improved" in (copy / "docs/asyncapi.yaml").read_text()
    assert "ftg-command.rollout.*" in (copy / "deploy/compose/nats.conf").read_text()
    run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *HELD)
