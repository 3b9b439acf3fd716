"""Forms of arrays: dtype, rank and sizes that agree within a payload."""

from typing import Annotated

import numpy as np
import pytest
from msgspec import Struct

from faastraingym.schemas.array_specs import ArraySpec, check
from faastraingym.schemas.errors import PayloadError


class Inner(Struct):
    mean: Annotated[np.ndarray, ArraySpec("<f8", "O")]


class Outer(Struct):
    seen: Annotated[np.ndarray, ArraySpec("<f4", "T+1", "O")]
    acted: Annotated[np.ndarray, ArraySpec("<i4", "T"), ArraySpec("<f4", "T", "A")]
    inner: Inner
    parts: list[Annotated[np.ndarray, ArraySpec("<f4", "*", "O")]] = []
    named: dict[str, Annotated[np.ndarray, ArraySpec("<f4", "...")]] = {}
    free: np.ndarray | None = None


def outer(**changes: object) -> Outer:
    fields = {
        "seen": np.zeros((4, 2), "<f4"),
        "acted": np.zeros(3, "<i4"),
        "inner": Inner(np.zeros(2)),
    }
    return Outer(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"acted": np.zeros((3, 7), "<f4")},
        {"parts": [np.zeros((n, 2), "<f4") for n in (0, 5)]},
        {"named": {"a": np.zeros((), "<f4"), "b": np.zeros((2, 2, 2), "<f4")}},
        {"free": np.zeros(9, "|u1")},
    ],
)
def test_arrays_of_their_forms_pass(changes: dict[str, object]) -> None:
    check(outer(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seen": np.zeros((4, 2))}, r"seen: found <f8 \[4, 2\]; allowed: <f4 \[T\+1, O\]$"),
        ({"seen": np.zeros((0, 2), "<f4")}, r"seen: found <f4 \[0, 2\]"),
        ({"acted": np.zeros(4, "<i4")}, r"acted: .*<i4 \[T\] or <f4 \[T, A\] where T=3, O=2"),
        ({"acted": np.zeros((3, 1), "<i4")}, "acted: "),
        ({"inner": Inner(np.zeros(3))}, r"Outer\.inner\.mean: found <f8 \[3\]"),
        ({"parts": [np.zeros((1, 3), "<f4")]}, r"parts\[0\]: "),
        ({"named": {"w": np.zeros(1)}}, r"named\['w'\]: found <f8 \[1\]; allowed: <f4"),
    ],
)
def test_an_array_of_another_form_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(PayloadError, match=words):
        check(outer(**changes))
