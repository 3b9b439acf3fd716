"""What an image's name stands for."""

from pathlib import Path

import pytest

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
