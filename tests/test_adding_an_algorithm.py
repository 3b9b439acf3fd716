"""docs/adding-an-algorithm.md says what the code says, and all that there is to do."""

import re
import shutil
import subprocess
from importlib import import_module

import pytest

from faastraingym.algorithms.registry import PACKAGES
from tests.checkout import CHECKOUT

WALK = (CHECKOUT / "docs/adding-an-algorithm.md").read_text()
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", WALK, re.DOTALL)


@pytest.mark.parametrize(("path", "code"), BLOCKS, ids=[path for path, _ in BLOCKS])
def test_every_block_is_in_the_file_that_it_names(path: str, code: str) -> None:
    assert code.strip() in (CHECKOUT / path).read_text()


def test_there_are_blocks_and_each_names_its_file() -> None:
    assert len(BLOCKS) == WALK.count("```python") >= 5


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", WALK)
    assert [link for link in links if not (CHECKOUT / "docs" / link).exists()] == []


def test_nothing_but_the_four_places_names_a2c() -> None:
    """Product code, deployment and examples; documents, what they show, and tests speak of it."""
    places = ("algorithms/a2c/", "algorithms/registry.py", "examples/cartpole_a2c.toml")
    git = shutil.which("git") or "git"
    search = [git, "grep", "--untracked", "-lwi", "a2c", "--", ":!docs", ":!mkdocs.yml", ":!tests"]
    search += [":!*.md", ":!benchmarks/learn/*.toml"]
    found = subprocess.run(search, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    listed = found.stdout.split()
    assert [path for path in listed if not path.startswith(places)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_algorithm_has_its_page_and_an_example(name: str) -> None:
    """The page says every key of its specification."""
    page = (CHECKOUT / f"docs/algorithms/{name}.md").read_text()
    rules = import_module(f"{PACKAGES[name]}.specification")
    keys = rules.Specification.__struct_fields__
    assert [key for key in keys if f"`{key}`" not in page] == []
    examples = [path.read_text() for path in (CHECKOUT / "examples").glob("*.toml")]
    assert any(f'name = "{name}"' in text for text in examples)
