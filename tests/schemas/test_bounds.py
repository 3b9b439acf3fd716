"""What plain data may be, found before anything walks it."""

from typing import Any

import pytest

from faastraingym.schemas.bounds import MAX_DEPTH, problem


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [None, True, -(2**63), 2**64 - 1, 1.5, "ü", [1, (2,)], {"a": {"b": []}}, {1: None}]
)
def test_ordinary_data_has_no_problem(value: Any) -> None:
    assert problem(value, "spec") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [0, 2**64]}, r"spec.'a'[1]: found an integer of 65 bits"),
        ({"a": "\ud800"}, "spec.'a': found text that is no Unicode"),
        ({"\ud800": 1}, "spec key: found text that is no Unicode"),
        ({"a": "x" * 32_769}, "spec.'a': found 32769 characters; allowed: at most 32768"),
        ([b"x"], "spec[0]: found a bytes; allowed: text, numbers"),
        ([{1}], "spec[0]: found a set; allowed: text, numbers"),
    ],
)
def test_what_no_message_can_carry_is_named(value: Any, words: str) -> None:
    assert str(problem(value, "spec")).startswith(words)


def test_depth_is_bounded() -> None:
    assert problem(nested(MAX_DEPTH), "spec") is None
    assert "nested deeper than 32" in str(problem(nested(MAX_DEPTH + 1), "spec"))
    assert "nested deeper than 32" in str(problem(nested(100_000), "spec"))


def test_an_alias_counts_as_often_as_it_stands_there() -> None:
    """Nine to the thirtieth values, in thirty lists."""
    value: Any = "x"
    for _ in range(30):
        value = [value] * 9
    assert "more than 100000 values" in str(problem(value, "spec"))


def test_data_that_holds_itself_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["circle"] = circle
    assert "nested deeper" in str(problem(circle, "spec"))
