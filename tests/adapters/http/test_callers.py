"""Callers by their tokens: the secret's lines, and who shows which."""

import pytest

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http.callers import Callers, read

ANN, BOB = b"ann-has-this-token", b"bob-has-another-one"


def test_each_line_is_a_caller_and_its_token() -> None:
    text = f"ann {ANN.decode()}\n\n  bob   {BOB.decode()}\n"
    assert read(text) == Callers({"ann": ANN, "bob": BOB})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ann", "line 1 is ill-formed; write `<caller> <token>`"),
        ("ann short", "16 ASCII characters or more"),
        ("Ann ann-has-this-token", "a-z, 0-9 and -"),
        ("ann ann-has-this-tok\u00e9n", "ASCII"),
        ("ann ann-has-this-token\nann bob-has-another-one", "line 2 repeats a caller or a token"),
        ("ann ann-has-this-token\nbob ann-has-this-token", "line 2 repeats a caller or a token"),
    ],
)
def test_a_line_that_is_none_is_refused_by_its_number(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="line") as refusal:
        read(text)
    assert words in str(refusal.value)
    assert "has-this" not in str(refusal.value)


def test_a_caller_is_known_by_the_token_alone() -> None:
    callers = Callers({"ann": ANN, "bob": BOB})
    assert callers.who({"authorization": f"Bearer {ANN.decode()}"}) == "ann"
    assert callers.who({"authorization": f"bearer  {BOB.decode()} "}) == "bob"
    assert "has" not in repr(callers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Bearer ann"},
        {"authorization": "Bearer \udcff"},
        {"authorization": f"Basic {ANN.decode()}"},
    ],
)
def test_whoever_shows_no_callers_token_is_nobody(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match="ftg-caller-tokens"):
        Callers({"ann": ANN}).who(headers)
