"""docs/reward_functions.md shows the example that is installed, as it is."""

import tomllib

import pytest

from faastraingym.algorithms import registry
from tests.docs.walk import blocks
from tests.reward_servers import EXAMPLE, NAME


@pytest.mark.parametrize("name", ["centred/handler.py", "stack.yml"])
def test_a_file_of_the_page_is_the_examples(name: str) -> None:
    (shown,) = [block.text for block in blocks("docs/reward_functions.md") if block.title == name]
    assert shown == (EXAMPLE / name).read_text()


def test_the_specifications_name_the_function() -> None:
    """That of the example, and that of the page."""
    (shown,) = [one.text for one in blocks("docs/reward_functions.md") if one.title == "spec.toml"]
    for text in (shown, (EXAMPLE / "cartpole.toml").read_text()):
        function = registry.parse(tomllib.loads(text)).reward_function
        assert function is not None
        assert function.name == NAME
