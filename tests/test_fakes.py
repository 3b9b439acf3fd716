import pytest

from tests.fakes import matches


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("*.b", "a.b", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.>", "b.c", False),
        ("a.*.>", "a.b.c.d", True),
        ("a.*.>", "a.b", False),
        (">", "a", True),
        ("ab", "a", False),
    ],
)
def test_filters_match_as_nats_matches_them(pattern: str, subject: str, expected: bool) -> None:
    """`*` is exactly one token, `>` one or more at the end."""
    assert matches(pattern, subject) is expected
