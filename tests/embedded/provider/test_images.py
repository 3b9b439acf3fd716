"""What an image's name stands for."""

from pathlib import Path

import pytest

from faastraingym.embedded.contract.names import HANDLER
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.images import Code, code, function_of, known
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.support import deployment, launch, post

SAYS = "from {place} import word\n\nasync def handle(body, headers):\n    return 200, {{}}, word\n"


@pytest.mark.parametrize(
    "image",
    ["start-run", "ghcr.io/a/start-run:0.1", "host:5000/start-run", "a/start-run:1@sha256:beef"],
)
def test_an_image_means_a_function(image: str) -> None:
    """Registry, tag and digest do not matter."""
    assert function_of(image) == "start-run"


def own(root: Path, name: str, place: str = ".words") -> None:
    """As `faas-cli new` lays it out, with a second module."""
    folder = root / name
    folder.mkdir()
    (folder / "handler.py").write_text(SAYS.format(place=place))
    (folder / "words.py").write_text(f"word = b'I am {name}'\n")


def test_both_layouts_are_known(tmp_path: Path) -> None:
    """functions/NAME of a checkout comes before NAME, and both before the refusal."""
    package = tmp_path / "functions" / "say_hello"
    package.mkdir(parents=True)
    own(tmp_path, "say-hello")
    own(tmp_path, "other")
    assert code("x/other:1", tmp_path) == Code("deployed.handler", tmp_path / "other")
    assert code("x/say-hello:1", tmp_path) == Code("deployed.handler", tmp_path / "say-hello")
    (package / "handler.py").write_text("async def handle(body, headers): ...")
    assert code("x/say-hello:1", tmp_path) == Code("deployed.handler", package)
    (package.parent / "__init__.py").touch()
    assert code("x/say-hello:1", tmp_path) == Code("functions.say_hello.handler")
    assert known(tmp_path) == ["other", "say-hello"]


@pytest.mark.parametrize("image", ["", ":1", "..:1", ".:1", ".git", "absent", "x/.hidden:1"])
def test_what_stands_for_nothing_is_refused(image: str, tmp_path: Path) -> None:
    """Nothing outside the root, nothing hidden."""
    (tmp_path / "root").mkdir()
    for folder in (tmp_path, tmp_path / "root"):
        (folder / "handler.py").write_text("async def handle(body, headers): ...")
    with pytest.raises(ProviderError, match="known: none"):
        code(image, tmp_path / "root")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("hello", ".words"),
        ("say-hello", ".words"),  # no identifier
        ("test", ".words"),  # a package of Python's own
        ("numpy", "words"),  # one that is installed; and a module beside it, as in an image
        ("function", ".words"),
        ("1", ".words"),
    ],
)
async def test_a_folder_of_any_name_is_served_as_in_an_image(
    name: str, place: str, tmp_path: Path
) -> None:
    """With its modules, whatever else is named so."""
    root = tmp_path / "root"
    root.mkdir()
    own(root, name, place)
    provider = ProcessProvider(launch(tmp_path)._replace(root=root))
    await provider.start()
    try:
        for _ in range(2):  # again over what was there
            await provider.deploy(deployment(name, image=f"{name}:latest"))
        answer = await provider.invoke(name, post())
        assert (answer.status, answer.body) == (200, f"I am {name}".encode())
    finally:
        await provider.close()


async def test_a_deployment_may_name_the_folder_of_its_code(tmp_path: Path) -> None:
    """Of any place; its name is the function's own, and it is there again after a restart."""
    (tmp_path / "elsewhere").mkdir()
    own(tmp_path / "elsewhere", "words")
    wanted = deployment("spoken", image="x/nothing:1")
    wanted.annotations = {HANDLER: str(tmp_path / "elsewhere" / "words")}
    for deploys in (True, False):
        provider = ProcessProvider(launch(tmp_path))
        await provider.start()
        try:
            if deploys:
                await provider.deploy(wanted)
            answer = await provider.invoke("spoken", post())
            assert (answer.status, answer.body) == (200, b"I am words")
        finally:
            await provider.close()


@pytest.mark.parametrize("folder", ["words", "/none", "."])
def test_a_folder_without_a_handler_is_refused(folder: str, tmp_path: Path) -> None:
    """So is a path that depends on where somebody is."""
    with pytest.raises(ProviderError, match=r"com\.faastraingym\.handler is .*; write the whole"):
        code("x/y:1", tmp_path, folder)
