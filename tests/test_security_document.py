"""Every test that docs/security.md names as the holder of a promise is one that there is."""

import re

import pytest

from tests.checkout import CHECKOUT

TEXT = (CHECKOUT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", TEXT)
PROMISES = [(file, name) for file, name in NAMED if file or name]


def test_promises_are_found() -> None:
    """Or the pattern would hold nothing."""
    assert len(PROMISES) > 20


@pytest.mark.parametrize(("file", "name"), PROMISES)
def test_a_named_test_is_there(file: str, name: str) -> None:
    """A name without a file is of the one named last."""
    named = file or next(f for f, n in reversed(PROMISES[: PROMISES.index((file, name))]) if f)
    text = (CHECKOUT / named).read_text()
    assert re.search(rf"def {name or 'test_'}", text), f"{named} has no {name}"
