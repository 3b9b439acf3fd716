"""docs/tutorials/openfaas.md and docs/operations.md as a reader types them, in order.

Every command, in a copy of the checkout.

The gateway, the broker and the store are a stack of real servers; where a cluster would be stands
`kubectl` of SHIM, which builds what would be applied and keeps it.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from faastraingym.events.topology.quantities import MEMORY_LIMIT
from faastraingym.events.topology.roles import SUPERVISOR
from tests.checkout import CHECKOUT
from tests.conformance.programs import TOOLS
from tests.servers import binary
from tests.stack.facts import report
from tests.stack.support import Stack

PAGES = ("docs/tutorials/openfaas.md", "docs/operations.md")
TEXT = "\n".join((CHECKOUT / page).read_text() for page in PAGES)
SHIM = """#!/bin/sh -e
for last; do :; done
case "$*" in
  "apply -k "*|"delete -k "*) kustomize build "$last" > "$HOME/$1-$(basename "$last").yaml" ;;
  "apply -f -") cat > "$HOME/functions.yaml" ;;
  *"create secret generic faastrain-accounts"*) test -s "${last#--from-file=}" ;;
  *"get secret basic-auth"*) printf %s "$GATEWAY_PASSWORD" | base64 ;;
  *) echo "no such command: kubectl $*" >&2; exit 1 ;;
esac
"""
# What is not typed here, and why.
ELSEWHERE = {
    "make install": "whoever runs this has",
    ". .venv/bin/activate": "the same",
    "make images": "Docker",
    "faas-cli push": "Docker",
    "docker ": "Docker",
    "kubectl --namespace minio port-forward": "a cluster; the next line is run by test_minio.py",
    "MINIO_ROOT_USER=": "test_minio.py",
    "mc mirror": "MinIO's client",
}
CONFIGURATION = "jetstream {"  # begins the block that is no shell
FOLDERS = ("/etc/nats", "/etc/nats-config")  # of nats.conf, as the text names them


def blocks() -> list[str]:
    """What stands fenced or indented as code, in order."""
    found = re.findall(r"(?ms)^```\w+\n(.*?)^```$|((?:^ {4}[^\n]*\n)+)", TEXT)
    return [textwrap.dedent(fenced or indented) for fenced, indented in found]


def typed() -> list[str]:
    """The blocks of commands, without what is not typed here."""
    commands = [block for block in blocks() if not block.startswith(CONFIGURATION)]
    return ["\n".join(filter(_is_typed, block.splitlines())) for block in commands]


def _is_typed(line: str) -> bool:
    return not line.startswith(tuple(ELSEWHERE))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The cluster."""
    stack = Stack(tmp_path_factory.mktemp("cluster"))
    with stack.running():
        yield stack


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A checkout, as git has it."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    said = subprocess.run(listed, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    for name in filter(None, said.stdout.split("\0")):
        if (CHECKOUT / name).is_file():
            (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, tmp_path / "checkout" / name)
    return tmp_path / "checkout"


class Shell:
    """One person's, in which what was exported stays."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.home, self._folder, self._exported = folder.parent / "home", folder, [""]
        programs = self.home / "bin"
        programs.mkdir(parents=True)
        (programs / "kubectl").write_text(SHIM)
        (programs / "kubectl").chmod(0o755)
        state, login = stack.up(), stack.credentials()
        self._environment = {
            "HOME": str(self.home),
            "PATH": f"{programs}:{TOOLS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GATEWAY_PASSWORD": login.gateway_password,
            "FTG_COMPILATION_CACHE": str(self.home / "jax"),
        }
        self._places = {
            "https://gateway.example.com": state.gateway_url,
            "nats://nats.example.com:4222": state.nats_url,
            "NATS_PASSWORD=...": f"NATS_PASSWORD={login.nats[SUPERVISOR].password}",
        }

    def type(self, block: str) -> None:
        """A block of commands; each must succeed."""
        for written, meant in self._places.items():
            block = block.replace(written, meant)
        exported = "\n".join(self._exported)
        done = subprocess.run(
            ["/bin/bash", "-c", f"set -eo pipefail\n{exported}\n{block}"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        self._exported += [line for line in block.splitlines() if line.startswith("export ")]

    def applied(self, name: str) -> list[dict[str, Any]]:
        """What kubectl was given."""
        return [one for one in yaml.safe_load_all((self.home / name).read_text()) if one]


async def test_every_command_does_what_it_says(stack: Stack, reader: Path) -> None:
    """From logins to a report, a backup, and the end."""
    shell = Shell(reader, stack)
    for block in typed():
        if block.startswith("curl"):  # the cluster's secrets are those that the reader made
            token = reader / "deploy" / "kubernetes" / "secrets" / "ftg-trigger-token"
            token.write_text(stack.credentials().trigger_token)
        shell.type(block)
        if block.startswith("curl"):
            async with stack.connect() as connected:
                assert (await report(connected, "first"))["status"] == "completed"
    pods = [one for one in shell.applied("apply-site.yaml") if one["kind"] == "Deployment"]
    images = {c["image"] for one in pods for c in one["spec"]["template"]["spec"]["containers"]}
    assert images == {"registry.example.com/faastraingym/faastraingym:0.1.0"}
    (settings,) = [one for one in shell.applied("apply-site.yaml") if one["kind"] == "ConfigMap"]
    assert (settings["data"]["FTG_NATS_REPLICAS"], settings["data"]["FTG_NATS_API"]) == (
        "1",
        "FTG.API",
    )
    for one in (*shell.applied("apply-site.yaml"), *shell.applied("apply-secrets.yaml")):
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    functions = {one["metadata"]["name"]: one["spec"] for one in shell.applied("functions.yaml")}
    assert functions["rollout"]["image"] == "registry.example.com/faastraingym/rollout:0.1.0"
    assert functions["rollout"]["environment"][MEMORY_LIMIT] == "512Mi"
    assert "`nats stream report`" in TEXT
    shell.type("nats stream report")
    kept = {path.name for path in (reader / "backup" / "facts").iterdir()}
    assert "backup.json" in kept, kept
    assert shell.applied("delete-site.yaml") == shell.applied("apply-site.yaml")


@pytest.mark.parametrize("folder", FOLDERS)
def test_nats_server_takes_the_configuration_from_where_it_is_mounted(
    folder: str, reader: Path, stack: Stack
) -> None:
    """Letter by letter, below another root: an absolute path would be looked for in `folder`."""
    shell, root = Shell(reader, stack), reader.parent / "root"
    shell.type(next(block for block in typed() if "make_secrets" in block))
    (root / "etc" / "nats-accounts").mkdir(parents=True)
    secret = re.search(r"--from-file=(\S+)", TEXT)
    assert secret is not None
    assert f"`{folder}`" in TEXT
    shutil.copy(reader / secret[1], root / "etc" / "nats-accounts")
    (configuration,) = [block for block in blocks() if block.startswith(CONFIGURATION)]
    file = root / folder.lstrip("/") / "nats.conf"
    file.parent.mkdir(parents=True)
    file.write_text(configuration)
    for typed_path, where in (
        (file, "/"),
        (file.relative_to(root), root),
        ("nats.conf", file.parent),
    ):
        command = [binary("nats-server"), "-t", "-c", str(typed_path)]
        done = subprocess.run(command, cwd=where, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_whatever_is_not_typed_has_a_reason() -> None:
    """And is still in the text."""
    lines = [line for block in blocks() for line in block.splitlines()]
    for beginning in ELSEWHERE:
        assert any(line.startswith(beginning) for line in lines), beginning
    assert len([block for block in typed() if block.strip()]) >= 8
