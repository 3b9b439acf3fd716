import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http.signing import below, sign, verify

keys = st.binary(min_size=1, max_size=64)
names = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
times = st.floats(min_value=0, max_value=1e11)


def test_the_form_is_what_the_documentation_says() -> None:
    """HMAC-SHA256 over "<t>.<function>.<body>", in hexadecimal."""
    digest = hmac.new(b"key", b"100.rollout.body", hashlib.sha256).hexdigest()
    assert sign(b"key", "rollout", b"body", 100.9) == f"t=100,v1={digest}"


@given(key=keys, function=names, body=st.binary(), now=times, age=st.floats(0, 3599))
def test_what_was_signed_is_accepted(
    key: bytes, function: str, body: bytes, now: float, age: float
) -> None:
    """For an hour."""
    verify(key, function, body, sign(key, function, body, now), now + age)


def test_the_form_with_path_and_key_is_what_the_documentation_says() -> None:
    """HMAC-SHA256 over a line for each part, then the body."""
    digest = hmac.new(b"key", b"v2\n100\nstart-run\n/a?b\nmine\nbody", hashlib.sha256).hexdigest()
    signed = sign(b"key", "start-run", b"body", 100.9, path="/a?b", key=" mine")
    assert signed == f"t=100,v2={digest}"


parts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(
    one=st.tuples(names, st.binary(max_size=30), parts, parts),
    two=st.tuples(names, st.binary(max_size=30), parts, parts),
)
def test_no_two_requests_have_one_signature(
    one: tuple[str, bytes, str, str], two: tuple[str, bytes, str, str]
) -> None:
    """Wherever a part ends and the next begins; v1's either."""
    function, body, path, key = one
    header = sign(b"key", function, body, 100, path=path, key=key)
    verify(b"key", function, body, header, 100, path=path, key=key)
    other, other_body, other_path, other_key = two
    same = (function, body, below(path), key.strip())
    if (other, other_body, below(other_path), other_key.strip()) != same:
        with pytest.raises(SignatureError):
            verify(b"key", other, other_body, header, 100, path=other_path, key=other_key)


@pytest.mark.parametrize(
    "more", [{"key": "mine"}, {"path": "/a"}, {"path": "/?a"}, {"path": "//"}, {"key": "\u00e9"}]
)
def test_what_covers_the_body_alone_is_refused_with_more(more: dict[str, str]) -> None:
    """Or whoever saw it could send it on with another key; `/` alone is no path."""
    signed = sign(b"key", "start-run", b"body", 100)
    verify(b"key", "start-run", b"body", signed, 100, path="/", key=" ")
    with pytest.raises(SignatureError, match="covers the body alone"):
        verify(b"key", "start-run", b"body", signed, 100, **more)


@pytest.mark.parametrize("odd", ["a\nb", "a\rb", "\u00e9", "\x00"])
def test_what_two_readers_could_read_otherwise_is_not_signed(odd: str) -> None:
    """A line's end would let a part reach into the next."""
    for more in ({"path": odd}, {"key": odd}):
        with pytest.raises(ValueError, match="printable"):
            sign(b"key", "f", b"", 100, **more)
        with pytest.raises(SignatureError, match="printable"):
            verify(b"key", "f", b"", "t=100,v2=" + "0" * 64, 100, **more)


@given(key=keys, other=keys, body=st.binary(), more=st.binary(min_size=1))
def test_nothing_else_is(key: bytes, other: bytes, body: bytes, more: bytes) -> None:
    """Another body, another function, another time, another key."""
    header = sign(key, "rollout", body, 100)
    with pytest.raises(SignatureError, match="does not match"):
        verify(key, "rollout", body + more, header, 100)
    with pytest.raises(SignatureError, match="does not match"):
        verify(key, "evaluate", body, header, 100)
    with pytest.raises(SignatureError, match="does not match"):
        verify(key, "rollout", body, header.replace("t=100", "t=101"), 100)
    if other.rstrip(b"\0") != key.rstrip(b"\0"):  # HMAC pads keys with zeros
        with pytest.raises(SignatureError, match="does not match"):
            verify(other, "rollout", body, header, 100)


@given(header=st.text())
def test_no_other_text_is_a_signature(header: str) -> None:
    """Whatever it is, it is refused and nothing else is raised."""
    with pytest.raises(SignatureError):
        verify(b"key", "rollout", b"", header, 0)


@pytest.mark.parametrize(
    "header", [None, "", "t=,v1=", "t=1,v1=" + "0" * 63, "t=+1,v1=" + "0" * 64]
)
def test_missing_and_malformed_are_named(header: str | None) -> None:
    """The sentence tells which of the two it is."""
    with pytest.raises(SignatureError, match="malformed" if header else "no X-Ftg-Signature"):
        verify(b"key", "rollout", b"", header, 1)


@pytest.mark.parametrize(("now", "words"), [(3700.1, "3600 s old"), (39.0, "61 s ahead")])
def test_old_and_future_are_refused(now: float, words: str) -> None:
    """An hour back, a minute ahead."""
    with pytest.raises(SignatureError, match=words):
        verify(b"key", "rollout", b"", sign(b"key", "rollout", b"", 100), now)
