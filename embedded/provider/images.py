"""An image's name stands for a handler module of the checkout."""

from pathlib import Path

from embedded.errors import ProviderError


def handler_module(image: str, root: Path) -> str:
    """The module that an image means: `ghcr.io/x/start-run:1` is functions.start_run.handler.

    Raises:
        ProviderError: 400, naming the image and what is known.
    """
    name = function_of(image).replace("-", "_")
    if name.isidentifier() and (root / "functions" / name / "handler.py").is_file():
        return f"functions.{name}.handler"
    raise ProviderError(
        400,
        f"The image {image!r} stands for {root}/functions/{name}/handler.py, which is not there;"
        f" known: {', '.join(known(root)) or 'none'}.",
    )


def function_of(image: str) -> str:
    """An image's last path component, without digest and tag."""
    return image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[0]


def known(root: Path) -> list[str]:
    """The functions of a checkout, sorted."""
    handlers = (root / "functions").glob("*/handler.py")
    return sorted(path.parent.name.replace("_", "-") for path in handlers)
