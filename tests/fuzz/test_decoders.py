"""Every decoder, on bad input: an answer or a declared error, in bounded memory, nothing else."""

import pytest

from tests.fuzz.decoder import Decoder
from tests.fuzz.decoders import DECODERS
from tests.fuzz.trying import attempt, bombs, generated

every_decoder = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)


@every_decoder
def test_good_input_is_taken(decoder: Decoder) -> None:
    for value in decoder.good:
        decoder.decode(value)


@every_decoder
def test_bombs_are_answered_in_bounded_memory(decoder: Decoder) -> None:
    bombs(decoder)


@every_decoder
def test_generated_input_is_answered_or_refused(decoder: Decoder) -> None:
    generated(decoder, 100)


def test_an_undeclared_error_and_a_greedy_decoder_are_caught() -> None:
    """The test itself can fail."""
    (good,) = DECODERS["faastraingym.schemas.dead_letter.decode"].good
    with pytest.raises(ZeroDivisionError):
        attempt(Decoder(lambda _: 1 / 0, (ValueError,), None, ()), good)
    with pytest.raises(AssertionError, match="bytes for"):
        bombs(Decoder(lambda _: len(bytes(64 << 20)), (), None, (good,)))
