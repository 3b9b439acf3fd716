"""What `faas-cli build` would hand to Docker runs each function, laid out as the Dockerfile says.

Without of-watchdog, whose place it takes that a test asks and signals.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faastraingym.embedded.deployments import of_stack
from tests.checkout import CHECKOUT
from tests.conformance.faas_cli import FaasCli
from tests.conformance.image import Image, image
from tests.conformance.recorder import Recorder
from tests.servers import free_ports
from tests.stack.support import Stack

LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "tests", "docs", "benchmarks")
FUNCTIONS = {wanted.service: wanted for wanted in of_stack(CHECKOUT / "stack.yml", {})}
UNSIGNED = {"reconcile": 200, **dict.fromkeys(("start-run", "act", "env-step"), 401)}  # else 400


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build contexts of all functions, by faas-cli, of a copy of the sources."""
    folder = tmp_path_factory.mktemp("images") / "sources"
    shutil.copytree(CHECKOUT, folder, symlinks=True, ignore=LEFT_OUT)
    secrets = folder / "deploy" / "kubernetes" / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "ftg-signing-key").write_text("of an operator")
    FaasCli(Recorder("", []), folder, {"HOME": str(folder)})("build", "--shrinkwrap")
    return folder / "build"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker and store for the functions."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    with stack.running():
        yield stack


def test_every_function_has_a_context(contexts: Path) -> None:
    """And no other."""
    assert {path.name for path in contexts.iterdir()} == set(FUNCTIONS)


def test_no_context_has_what_an_operator_made(contexts: Path) -> None:
    """Secrets of deploy/kubernetes would be in every image."""
    assert list(contexts.rglob("handler.py"))
    assert not list(contexts.rglob("ftg-signing-key"))
    assert not list(contexts.rglob("deploy"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_from_its_context(
    function: str, contexts: Path, stack: Stack, tmp_path: Path
) -> None:
    """Ready once it is connected; refuses what is no message; on SIGTERM it ends, with 0.

    `reconcile` hears ticks, which say nothing; `start-run` outsiders, who must prove themselves.
    """
    made = image(contexts / function, tmp_path)
    with running(made, function, stack) as (process, url):
        wait_ready(process, url)
        assert answered(f"{url}/_/health", None) == (200, b"OK")
        status, text = answered(url, b"nothing")
        assert status == UNSIGNED.get(function, 400), text
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30.0)
        assert process.returncode == 0, output


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_that_a_function_imports_is_in_its_image(
    function: str, contexts: Path, tmp_path: Path
) -> None:
    """Its own modules, what they import when they are called too."""
    made = image(contexts / function, tmp_path)
    own = sorted(path.stem for path in (made.app / "function").glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-S", "-c", ";".join(f"import function.{name}" for name in own)],
        cwd=made.app,
        env=environment(made),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def environment(made: Image) -> dict[str, str]:
    """The image's own, with its packages in the place of those of this environment."""
    path = f"{made.environment['PYTHONPATH']}:{made.packages}"
    return {"PATH": os.environ["PATH"], **made.environment, "PYTHONPATH": path}


@contextmanager
def running(
    made: Image, function: str, stack: Stack
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Its `fprocess`, told what the deployment tells it and where this stack's servers are."""
    (port,) = free_ports(1)
    state = stack.up()
    python, *arguments = shlex.split(made.environment["fprocess"])
    assert python == "python"
    told = {
        **environment(made),
        **(FUNCTIONS[function].env_vars or {}),
        "FTG_SECRETS": state.secrets,
        "FTG_NATS_URL": state.nats_url,
        "FTG_NATS_API": state.nats_api,
        "FTG_S3_URL": state.s3_url,
        "FTG_BUCKET": state.bucket,
        "JAX_COMPILATION_CACHE_DIR": str(made.app.parent / "jax"),
        "healthcheck_interval": "0",
        "http_port": str(port),
    }
    process = subprocess.Popen(
        # -S: without the files that add the checkout to what can be imported.
        [sys.executable, "-S", *arguments],
        cwd=made.app,
        env=told,
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
