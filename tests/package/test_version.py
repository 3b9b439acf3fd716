"""What cannot read the version from the package repeats it."""

import re

import pytest

from faastraingym import __version__
from tests.checkout import CHECKOUT

# A tag of an image, where it is written.
TAG = re.compile(r"(?:\bfaastraingym:|newTag: |FTG_VERSION:-|FTG_VERSION=)(\d+\.\d+\.\d+)")
FILES = ("stack.yml", "docker-compose.yml", "Makefile", "docs/tutorials/openfaas.md")


@pytest.mark.parametrize("name", [*FILES, "deploy/kubernetes/base/kustomization.yaml"])
def test_images_are_tagged_with_the_version_of_the_package(name: str) -> None:
    found = TAG.findall((CHECKOUT / name).read_text())
    assert set(found) == {__version__}
