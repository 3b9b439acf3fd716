"""States as callers carry them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.functions.env_step.tokens import HOUR, LIFE, opened, sealed
from faastraingym.schemas.answers import AnswerError

KEY, NOW = b"key", 1_000_000.0
TOKEN = sealed(KEY, "ann", b"a state", NOW)


@given(st.binary(max_size=200), st.text("abc", min_size=1))
def test_a_state_comes_back_to_its_caller(content: bytes, caller: str) -> None:
    token = sealed(KEY, caller, content, NOW)
    assert token.isascii()
    assert opened(KEY, caller, token, NOW + LIFE * HOUR) == content


def test_the_same_state_has_the_same_token_within_an_hour() -> None:
    begun = NOW // HOUR * HOUR
    tokens = {sealed(KEY, "ann", b"a state", begun + s) for s in (0, 1, HOUR - 1)}
    assert len(tokens) == 1
    assert sealed(KEY, "ann", b"a state", begun + HOUR) not in tokens


def altered(token: str, at: int) -> str:
    data = bytearray(base64.urlsafe_b64decode(token))
    data[at] ^= 1
    return base64.urlsafe_b64encode(data).decode()


@pytest.mark.parametrize(
    ("key", "caller", "token", "now", "kind"),
    [
        (KEY, "bob", TOKEN, NOW, "forbidden"),
        (b"other", "ann", TOKEN, NOW, "forbidden"),
        (KEY, "ann", altered(TOKEN, 0), NOW, "forbidden"),
        (KEY, "ann", altered(TOKEN, -1), NOW, "forbidden"),
        (KEY, "ann", altered(TOKEN, 33), NOW, "forbidden"),  # the hour
        (KEY, "ann", altered(TOKEN, 32), NOW, "bad-request"),  # the version
        (KEY, "ann", "", NOW, "bad-request"),
        (KEY, "ann", "no token!", NOW, "bad-request"),
        (KEY, "ann", "\u00e9\udcff", NOW, "bad-request"),
        (KEY, "ann", TOKEN[:-4], NOW, "forbidden"),
        (KEY, "ann", TOKEN, NOW + (LIFE + 1) * HOUR, "expired"),
    ],
)
def test_what_is_no_state_of_the_caller_is_refused(
    key: bytes, caller: str, token: str, now: float, kind: str
) -> None:
    with pytest.raises(AnswerError) as refusal:
        opened(key, caller, token, now)
    told = refusal.value.complaint
    assert (told.kind, told.path) == (kind, "state")
    assert told.text.startswith("state: ")
