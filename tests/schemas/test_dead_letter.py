"""Dead letters survive the wire; other bytes are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.schemas.dead_letter import DeadLetter, decode, encode
from faastraingym.schemas.errors import MessageError
from tests.schemas import strategies


@given(strategies.of(DeadLetter))
def test_a_dead_letter_round_trips(letter: DeadLetter) -> None:
    assert decode(encode(letter)) == letter


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_a_message_error(data: bytes) -> None:
    with pytest.raises(MessageError, match="not a dead letter"):
        decode(data)
