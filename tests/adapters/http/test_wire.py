"""Requests and answers as msgpack and as JSON."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from msgspec import Struct

from faastraingym.adapters.http import wire
from faastraingym.adapters.http.wire import JSON, MSGPACK
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import pack, unpack


class Asked(Struct, forbid_unknown_fields=True):
    numbers: Any
    count: int = 0


def decoded(body: bytes, kind: str = JSON) -> Asked:
    return wire.decode(body, Asked, {"content-type": kind})


def test_msgpack_brings_arrays_and_json_lists() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    asked = decoded(pack({"numbers": array, "count": 2}), MSGPACK)
    assert np.array_equal(asked.numbers, array)
    assert asked.numbers.dtype == np.float32
    assert decoded(b'{"numbers": [[0, 1.5]]}').numbers == [[0, 1.5]]


@given(arrays.arrays(np.float32, (3, 2), elements={"allow_nan": False, "allow_infinity": False}))
def test_floats_come_back_from_json_bit_for_bit(array: np.ndarray) -> None:
    told = msgspec.json.decode(wire.encode(Asked(array), JSON))["numbers"]
    assert np.array(told, np.float32).tobytes() == array.tobytes()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_json_has_no_word_for_what_is_not_finite(number: float) -> None:
    """msgspec would write null, which is another value; msgpack takes it."""
    answer = Asked(np.array([0.0, number]))
    with pytest.raises(AnswerError, match="ask with `Accept: application/msgpack`"):
        wire.encode(answer, JSON)
    assert unpack(wire.encode(answer, MSGPACK))["numbers"].tobytes() == answer.numbers.tobytes()


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        (b'{"numbers": 1, "count": "2"}', "count", "count: Expected `int`, got `str`"),
        (b'{"numbers": 1, "more": 2}', "", "unknown field `more`"),
        (b"{}", "", "missing required field `numbers`"),
        (b"{", "", "the body cannot be read"),
        (b'{"numbers": NaN}', "", "the body cannot be read"),
        (b'{"numbers": ' + b"[" * 200_000, "", "the body cannot be read"),
    ],
)
def test_a_request_that_is_none_names_the_field(body: bytes, path: str, words: str) -> None:
    with pytest.raises(AnswerError) as refusal:
        decoded(body)
    told = refusal.value.complaint
    assert (told.kind, told.path) == ("bad-request", path)
    assert words in told.text


@pytest.mark.parametrize(
    "body", [b"\xc1", b"\x81", pack({"numbers": 1, "count": "2"}), b"\x91" * 9]
)
def test_msgpack_that_is_none_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(AnswerError):
        decoded(body, MSGPACK)


@pytest.mark.parametrize(
    ("sent", "accepted", "kind"),
    [
        (JSON, "", JSON),
        ("application/msgpack; v=1", "*/*", MSGPACK),
        (JSON, "text/html, application/msgpack;q=0.9", MSGPACK),
        ("text/plain", JSON, JSON),
        ("text/plain", "text/html", JSON),
        ("", "", JSON),
    ],
)
def test_the_answer_is_of_the_kind_that_was_asked_for(sent: str, accepted: str, kind: str) -> None:
    assert wire.answered_in({"content-type": sent, "accept": accepted}) == kind


def test_another_kind_of_body_is_refused() -> None:
    with pytest.raises(AnswerError, match="allowed: application/msgpack or application/json"):
        wire.kind_of({"content-type": "application/x-www-form-urlencoded"})
