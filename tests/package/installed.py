"""The package as a person installs it: built, put into an environment of its own, run from there.

Its dependencies are those of the running environment, by a line in a .pth file; files of that kind
which lie there, as the one that shows the checkout, are not followed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

from tests.checkout import CHECKOUT

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info", "tests", "docs")
PACKAGES = sysconfig.get_paths()["purelib"]


class Installed(NamedTuple):
    """An environment, and an empty folder to work in."""

    environment: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.environment.glob("lib/python*/site-packages")
        return found

    def __call__(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run one of its programs in the folder, with the servers of the running environment."""
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return subprocess.run(
            [self.environment / "bin" / command[0], *command[1:]],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder.parent), **variables},
            capture_output=True,
            text=True,
            timeout=300.0,
        )


def sources(folder: Path) -> Path:
    """A copy of what is built from, links as links: a build leaves files where it runs."""
    return Path(shutil.copytree(CHECKOUT, folder, symlinks=True, ignore=LEFT_OUT))


def built(kind: str, of: Path, into: Path) -> Path:
    """A `wheel` or an `sdist` by the build system of pyproject.toml."""
    into.mkdir(exist_ok=True)
    script = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(into)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=of, capture_output=True, text=True, check=True
    )
    return into / done.stdout.splitlines()[-1]


def unpacked(sdist: Path, into: Path) -> Path:
    """The folder within it."""
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    (found,) = into.iterdir()
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    """Its files, without what tells of the wheel itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "RECORD" not in name}


def install(wheel: Path, folder: Path) -> Installed:
    """The wheel in a new environment."""
    made = Installed(folder / "environment", folder / "empty")
    venv.create(made.environment, symlinks=True)
    made.folder.mkdir()
    pip = [sys.executable, "-m", "pip", "--python", str(made.python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (made.packages / "dependencies.pth").write_text(PACKAGES + "\n")
    return made
