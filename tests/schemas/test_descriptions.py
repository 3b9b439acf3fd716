"""Types in words."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, inspect

from faastraingym.schemas.descriptions import describe


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (str, "text"),
        (bool, "true or false"),
        (int, "an integer"),
        (float, "a finite number"),
        (dict[str, int], "a table"),
        (list[int], "a list"),
        (tuple[int, ...], "a list"),
        (Annotated[list[int], Meta(min_length=1)], "a list of at least 1 value"),
        (Annotated[tuple[int, ...], Meta(min_length=2)], "a list of at least 2 values"),
        (Annotated[list[int], Meta(min_length=1, max_length=9)], "a list of 1 to 9 values"),
        (tuple[int, float], "a list of 2 values"),
        (Any, "any value"),
        (int | None, "an integer or null"),
        (int | float, "an integer or a finite number"),
        (Literal["b", "a"], "a, b"),
        (Annotated[int, Meta(ge=1)], "an integer at least 1"),
        (Annotated[int, Meta(ge=1, le=10**9)], "an integer from 1 to 1000000000"),
        (Annotated[float, Meta(gt=0, lt=0.5)], "a finite number greater than 0 and less than 0.5"),
        (Annotated[float, Meta(le=1, description="x")], "a finite number at most 1"),
    ],
)
def test_a_type_is_described_with_its_bounds(hint: Any, words: str) -> None:
    assert describe(inspect.type_info(hint)) == words
