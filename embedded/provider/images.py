"""An image's name stands for a handler of the checkout, which was not built into anything."""

import os
from pathlib import Path
from typing import NamedTuple

from faastraingym import PACKAGE
from faastraingym.embedded.contract.names import HANDLER
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.handlers import check_handler

DEPLOYED = "deployed"  # in an image it is `function`, which is taken: the template has one
OWN = f"{DEPLOYED}.handler"
SHIPPED = (PACKAGE / "functions").resolve()


class Code(NamedTuple):
    """A function's code: the module that serves, and what it is imported from."""

    module: str
    folder: Path | None = None  # with handler.py; None: a package of root

    def mounted(self, place: Path) -> tuple[Path, ...]:
        """The folders from which a function that is no package is imported; see `mount`."""
        return () if self.folder is None else (place, self.folder)

    def mount(self, place: Path) -> None:
        """Show a folder, of any name, as a package in `place`."""
        if self.folder is not None:
            place.mkdir(parents=True, exist_ok=True)
            made = place / f"{DEPLOYED}.new"
            made.unlink(missing_ok=True)
            made.symlink_to(self.folder)
            os.replace(made, place / DEPLOYED)


def code(image: str, root: Path, handler: str = "") -> Code:
    """The code that an image names: `ghcr.io/x/start-run:1` is functions/start_run/handler.py or
    start-run/handler.py. `handler` is the folder that the deployment names instead, if it does.
    Raises ProviderError: 400, there is none, or it cannot be served.
    """
    if handler:
        return _named(Path(handler))
    name = function_of(image)
    module, own = name.replace("-", "_"), root / name
    package = root / "functions" / module
    if module.isidentifier() and (package / "handler.py").is_file():
        check_handler(package / "handler.py")
        if package.resolve().is_relative_to(SHIPPED):
            return Code(f"faastraingym.functions.{module}.handler")
        is_package = (package.parent / "__init__.py").is_file()
        return Code(f"functions.{module}.handler") if is_package else Code(OWN, package)
    if name and not name.startswith(".") and (own / "handler.py").is_file():
        check_handler(own / "handler.py")
        return Code(OWN, own)
    where = f"stands for {package}/handler.py or {own}/handler.py, which are not there"
    there = ", ".join(known(root)) or "none"
    raise ProviderError(400, f"The image {image!r} {where}; known: {there}.")


def _named(folder: Path) -> Code:
    """The code in a folder of any place on this machine."""
    if not (folder.is_absolute() and (folder / "handler.py").is_file()):
        raise ProviderError(
            400, f"{HANDLER} is {str(folder)!r:.200}; write the whole path of a folder with "
            "handler.py on this machine."
        )  # fmt: skip
    check_handler(folder / "handler.py")
    return Code(OWN, folder)


def function_of(image: str) -> str:
    """An image's last path component, without digest and tag."""
    return image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[0]


def known(root: Path) -> list[str]:
    """The functions of a checkout, sorted."""
    packages = (path.parent.name for path in (root / "functions").glob("*/handler.py"))
    own = (path.parent.name for path in root.glob("[!.]*/handler.py"))
    return sorted({*(name.replace("_", "-") for name in packages), *own})
