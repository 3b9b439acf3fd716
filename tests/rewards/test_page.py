"""docs/reward_functions.md shows the example that is installed, as it is."""

import pytest

from tests.docs.walk import blocks
from tests.reward_servers import EXAMPLE


@pytest.mark.parametrize("name", ["centred/handler.py", "stack.yml"])
def test_a_file_of_the_page_is_the_examples(name: str) -> None:
    (shown,) = [block.text for block in blocks("docs/reward_functions.md") if block.title == name]
    assert shown == (EXAMPLE / name).read_text()
