"""docs/running_experiments.md, typed where the examples are: 36 runs, and three of them alone."""

import pytest

from tests.checkout import CHECKOUT
from tests.docs.walk import Block, Walk
from tests.docs.walks.documents import MINUTES, through


@pytest.mark.timeout(60 * MINUTES)
def test_it_does_what_it_says(walk: Walk) -> None:
    walk.take(Block("sh", "", f"cp -r '{CHECKOUT}/examples' ."))
    through("docs/running_experiments.md", walk)
