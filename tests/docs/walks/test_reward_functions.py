"""docs/reward_functions.md, typed."""

import pytest

from tests.docs.walk import Walk
from tests.docs.walks.documents import MINUTES, through


@pytest.mark.timeout(60 * MINUTES)
def test_it_does_what_it_says(walk: Walk) -> None:
    through("docs/reward_functions.md", walk)
