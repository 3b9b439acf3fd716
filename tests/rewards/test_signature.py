"""What the pipeline signs, a reward function knows to be signed; nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.http.reward_functions import key_of
from faastraingym.adapters.http.signing import sign
from faastraingym.rewards import Unsigned, verify

KEY = key_of(b"signing key", "centred")
NOW = 1_800_000_000.0


@given(body=st.binary(), age=st.integers(-60, 300))
def test_what_the_pipeline_signs_is_signed(body: bytes, age: int) -> None:
    verify(KEY, "centred", body, sign(KEY.encode(), "centred", body, NOW - age), NOW)


@pytest.mark.parametrize(
    ("key", "function", "body", "age"),
    [
        (key_of(b"signing key", "other"), "centred", b"body", 0),
        ("signing key", "centred", b"body", 0),  # the pipeline's own signs nothing here
        (KEY, "other", b"body", 0),
        (KEY, "centred", b"Body", 0),
        (KEY, "centred", b"body", 301),
        (KEY, "centred", b"body", -61),
    ],
)
def test_what_is_of_another_key_name_body_or_time_is_not(
    key: str, function: str, body: bytes, age: int
) -> None:
    header = sign(key.encode(), function, body, NOW - age)
    with pytest.raises(Unsigned):
        verify(KEY, "centred", b"body", header, NOW)


@given(header=st.none() | st.text())
def test_any_text_is_no_signature(header: str | None) -> None:
    with pytest.raises(Unsigned, match="no X-Ftg-Signature that reads"):
        verify(KEY, "centred", b"body", header, NOW)
