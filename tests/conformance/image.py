"""An image as its Dockerfile describes it, without its base and its watchdog.

The Dockerfile is followed, not repeated: COPY lays out /home/app, ENV is the environment, and what
pip would install is taken from this environment, with what it needs and nothing else.
"""

import re
import shlex
import shutil
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOME = "/home/app"


class Image(NamedTuple):
    """A working folder, packages that it finds, and variables that it is started with."""

    app: Path
    packages: Path
    environment: dict[str, str]


def image(context: Path, folder: Path) -> Image:
    """What Docker would build of a context."""
    text = re.sub(r"\\\n\s*", " ", (context / "Dockerfile").read_text())
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    app = folder / "app"
    for word, rest in lines:
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                _copy(context / source, app / source if target.startswith(".") else app / target)
    pairs = [
        pair.partition("=") for word, rest in lines if word == "ENV" for pair in shlex.split(rest)
    ]
    environment = {name: value.replace(HOME, str(app)) for name, _, value in pairs}
    asked = [line for file in app.rglob("requirements.txt") for line in file.read_text().split()]
    return Image(app, installed(asked, folder / "packages"), environment)


def installed(requirements: Iterable[str], folder: Path) -> Path:
    """What pip would install for them, linked into a folder of its own."""
    folder.mkdir()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for chosen in ("", *wanted.extras):
            if (key := (canonicalize_name(wanted.name), chosen)) not in seen:
                seen.add(key)
                found = distribution(wanted.name)
                waiting += [(Requirement(text), chosen) for text in found.requires or ()]
                _link(found.locate_file(""), {file.parts[0] for file in found.files or ()}, folder)
    return folder


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, to)


def _link(packages: object, names: set[str], folder: Path) -> None:
    for name in names - {"..", "__pycache__"}:
        if not (folder / name).exists():
            (folder / name).symlink_to(Path(str(packages)) / name)
