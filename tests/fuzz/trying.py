"""Tries inputs on a decoder: it may answer or raise what it declares, in memory of their order."""

import time
import tracemalloc
from collections.abc import Iterable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings

from faastraingym.client.errors import BadInput
from tests.fuzz.decoder import Decoder

# What one input may take at most: so much, and so much for each of its bytes. A parser of YAML
# needs several hundred bytes for one; an array that is only declared is billions over it.
FLOOR, PER_BYTE = 8 << 20, 1000


class Tally(NamedTuple):
    """What came of the inputs of one decoder."""

    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    peak: int = 0  # bytes, of the input that took most

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override]
        """Both together."""
        inputs, refused, seconds = (a + b for a, b in zip(self[:3], other[:3], strict=True))
        return Tally(inputs, refused, seconds, max(self.peak, other.peak))


def attempt(decoder: Decoder, value: Any) -> Tally:
    """One input.

    Raises:
        AssertionError: it took memory out of proportion.
        Exception: whatever the decoder raised and does not declare.
    """
    refused, began = 0, time.perf_counter()
    tracemalloc.start()  # here only: it would slow down the making of inputs
    try:
        decoder.decode(value)
    except decoder.errors as error:
        refused = 1
        if not isinstance(error, BadInput):  # for stderr, which takes lone surrogates
            str(error).encode()  # its words can be sent
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    seconds = time.perf_counter() - began
    assert peak <= FLOOR + PER_BYTE * size(value), f"{peak} bytes for {value!r:.100}"
    return Tally(1, refused, seconds, peak)


def bombs(decoder: Decoder) -> Tally:
    """The decoder's good inputs and its bombs."""
    return _tried(decoder, (*decoder.good, *decoder.bombs))


def generated(decoder: Decoder, examples: int, phases: Iterable[Phase] = Phase) -> Tally:
    """As many inputs as that, drawn by Hypothesis."""
    total = Tally()

    @settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(decoder.inputs)
    def one(value: Any) -> None:
        nonlocal total
        total += attempt(decoder, value)

    _tried(decoder, decoder.good)  # what is imported and cached at first is not the inputs'
    one()
    return total


def _tried(decoder: Decoder, values: Iterable[Any]) -> Tally:
    return sum((attempt(decoder, value) for value in values), Tally())


def size(value: Any) -> int:
    """Bytes of an input, roughly; of data with aliases, as it stands."""
    if isinstance(value, bytes | str):
        return len(value)
    return 10_000
