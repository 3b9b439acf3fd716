"""`faas-cli new` with our template makes functions that deploy, answer, and build."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.checkout import CHECKOUT
from tests.conformance.faas_cli import FaasCli, departures, faas_cli
from tests.conformance.image import image
from tests.conformance.recorder import Recorder
from tests.conformance.test_image import answered, environment, wait_ready
from tests.servers import free_ports
from tests.stack.support import Stack

LANGUAGE = ("--lang", "python3-faastrain")
STOCK = 'def handle(event, context):\n    return {"statusCode": 200, "body": "Hello"}\n'


class Made(NamedTuple):
    """A folder with our template, a function of `faas-cli new` in it, and a stack of it."""

    cli: FaasCli
    file: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """`faas-cli new`, then `faastrain up` with what it wrote."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "template").symlink_to(CHECKOUT / "template")
    typed = FaasCli(Recorder("", []), folder, {"HOME": str(folder)})
    assert "python3-faastrain" in typed("new", "--list")
    assert "`async def handle(" in typed("new", *LANGUAGE, "hello")
    (file,) = folder.glob("*.y*ml")  # hello.yml, of newer versions stack.yaml
    stack = Stack(tmp_path_factory.mktemp("stack"), FAASTRAIN_STACK=str(file))
    try:
        stack.up()
        with faas_cli(stack, folder, folder) as cli:
            yield Made(cli, file.name)
            assert departures(cli.exchanges) == []
    finally:
        stack.down()


def test_what_was_made_answers(made: Made) -> None:
    """As it was made; then as faas-cli deploys it."""
    assert made.cli("invoke", "hello", given="world") == "Hello, world.\n"
    made.cli("deploy", "-f", made.file)
    assert made.cli("invoke", "hello", given=" ") == "Hello, you.\n"


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("say-hello", ()),
        ("test", ("--prefix", "registry.example.com/team", "--memory-limit", "128Mi")),
        ("greet", ("--handler", "functions/greet")),
    ],
)
def test_one_that_is_added_answers(made: Made, name: str, flags: tuple[str, ...]) -> None:
    """A name with a dash, a name of Python's own, another folder."""
    (made.cli.folder / "functions").mkdir(exist_ok=True)
    made.cli("new", *LANGUAGE, name, *flags, "--append", made.file)
    made.cli("deploy", "-f", made.file)
    assert made.cli("invoke", name, given=name) == f"Hello, {name}.\n"


def test_a_handler_of_python3_http_is_refused_when_it_is_deployed(made: Made) -> None:
    """In a sentence, which faas-cli shows; nothing of it is deployed."""
    folder = made.cli.folder / "stock"
    folder.mkdir()
    (folder / "handler.py").write_text(STOCK)
    file = made.cli.folder / "stock.yml"
    file.write_text((made.cli.folder / made.file).read_text().replace("hello", "stock"))
    said = made.cli.refused("deploy", "-f", "stock.yml", "--filter", "stock")
    assert "400" in said
    assert (
        f"{folder}/handler.py:1 has `def handle(event, context)`, which is a handler of the" in said
    )
    assert "write `async def handle(body: bytes, headers: dict[str, str])`" in said
    assert "stock" not in made.cli("list", "--quiet").split()


def test_it_runs_from_the_context_that_is_built_of_it(made: Made, tmp_path: Path) -> None:
    """What `faas-cli up` hands to Docker, laid out as the Dockerfile says."""
    made.cli("build", "--shrinkwrap", "-f", made.file, "--filter", "hello")
    built = image(made.cli.folder / "build" / "hello", tmp_path)
    (port,) = free_ports(1)
    python, *arguments = shlex.split(built.environment["fprocess"])
    told = environment(built) | {"http_port": str(port), "healthcheck_interval": "0"}
    process = subprocess.Popen(
        [sys.executable, "-S", *arguments], cwd=built.app, env=told, text=True
    )
    try:
        wait_ready(process, f"http://127.0.0.1:{port}")
        assert python == "python"
        assert answered(f"http://127.0.0.1:{port}", b"image") == (200, b"Hello, image.\n")
    finally:
        process.kill()
        process.wait()
