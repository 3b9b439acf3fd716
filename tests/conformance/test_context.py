"""What `faas-cli build` would hand to Docker runs each function, laid out as the Dockerfile says.

The Dockerfile is followed, not repeated: its COPY lines lay out /home/app, its ENV lines are the
environment. What pip installs there is this environment's site-packages, without the checkout.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from embedded.deployments import of_stack
from embedded.settings import CHECKOUT
from tests.conformance.faas_cli import FaasCli
from tests.conformance.recorder import Recorder
from tests.servers import free_ports
from tests.stack.support import Stack

NEEDED = ("template", "functions", "schemas", "algorithms", "events", "adapters", "examples")
FUNCTIONS = {wanted.service: wanted for wanted in of_stack(CHECKOUT / "stack.yml", {})}
HOME = "/home/app"


class Image(NamedTuple):
    """What a build would make, without its base image."""

    app: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build contexts of all functions, by faas-cli, of a copy of the sources."""
    folder = tmp_path_factory.mktemp("sources")
    for name in NEEDED:
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, folder / name, ignore=left_out)
    shutil.copy(CHECKOUT / "stack.yml", folder)
    FaasCli(Recorder("", []), folder, {"HOME": str(folder)})("build", "--shrinkwrap")
    return folder / "build"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker and store for the functions."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def test_every_function_has_a_context(contexts: Path) -> None:
    """And no other."""
    assert {path.name for path in contexts.iterdir()} == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_from_its_context(
    function: str, contexts: Path, stack: Stack, tmp_path: Path
) -> None:
    """Ready once it is connected; refuses what is no message; on SIGTERM it ends, with 0.

    `reconcile` hears ticks, which say nothing.
    """
    image = laid_out(contexts / function, tmp_path / "app")
    with running(image, function, stack) as (process, url):
        wait_ready(process, url)
        assert answered(f"{url}/_/health", None) == (200, b"OK")
        status, text = answered(url, b"nothing")
        assert status == (200 if function == "reconcile" else 400), text
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30.0)
        assert process.returncode == 0, output


def laid_out(context: Path, app: Path) -> Image:
    """The working folder and the environment that the context's Dockerfile describes."""
    text = re.sub(r"\\\n\s*", " ", (context / "Dockerfile").read_text())
    environment: dict[str, str] = {}
    app.mkdir()
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                to = app / target / Path(source).name if target.endswith("/") else app / target
                to = app / source if target == "." else to
                to.parent.mkdir(exist_ok=True)
                copy = shutil.copytree if (context / source).is_dir() else shutil.copyfile
                copy(context / source, to, **({"dirs_exist_ok": True} if to.is_dir() else {}))
        if word == "ENV":
            pairs = (pair.partition("=") for pair in shlex.split(rest))
            environment |= {name: value.replace(HOME, str(app)) for name, _, value in pairs}
    return Image(app, environment)


@contextmanager
def running(
    image: Image, function: str, stack: Stack
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Its `fprocess`, told what the deployment tells it and where this stack's servers are."""
    (port,) = free_ports(1)
    state = stack.up()
    # -S: without the files that add the checkout to what can be imported.
    python, *arguments = shlex.split(image.environment["fprocess"])
    assert python == "python"
    packages = sysconfig.get_path("purelib")
    environment = {
        "PATH": os.environ["PATH"],
        **image.environment,
        **(FUNCTIONS[function].env_vars or {}),
        "PYTHONPATH": f"{image.environment['PYTHONPATH']}:{packages}",
        "FTG_SECRETS": state.secrets,
        "FTG_NATS_URL": state.nats_url,
        "FTG_NATS_API": state.nats_api,
        "FTG_S3_URL": state.s3_url,
        "FTG_BUCKET": state.bucket,
        "FTG_GATEWAY_URL": state.gateway_url,
        "JAX_COMPILATION_CACHE_DIR": str(image.app.parent / "jax"),
        "http_port": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-S", *arguments],
        cwd=image.app,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def wait_ready(process: "subprocess.Popen[str]", url: str) -> None:
    """By the path that `ready_path` names."""
    for _ in range(3000):
        try:
            assert answered(f"{url}/_/ready", None)[0] == 200
            return
        except urllib.error.URLError:
            assert process.poll() is None, process.communicate()[0]
            threading.Event().wait(0.01)
    raise TimeoutError(url)


def answered(url: str, body: bytes | None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, data=body, timeout=30.0) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
