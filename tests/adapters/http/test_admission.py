"""Who may ask a function: what the gateway and the stages decide alike."""

import pytest

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http.admission import Asked, Secrets, admit, signature
from faastraingym.adapters.http.callers import Callers
from faastraingym.adapters.http.signing import sign
from faastraingym.events.topology.admits import ANYBODY, CALLER, EVENT, SIGNED, admits

KEY, TOKEN, NOW = b"key", b"token", 1000.0
SECRETS = Secrets(KEY, TOKEN, Callers({"ann": b"a-token-of-ann's"}))
BODY = b"{}"
JSON = {"content-type": "application/json"}
SHOWN = {"authorization": "Bearer token"}


def signed(secret: bytes, key: str = "", path: str = "", now: float = NOW) -> dict[str, str]:
    header = sign(secret, "f", BODY, now, path=path, key=key)
    return {"x-ftg-signature": header, **({"idempotency-key": key} if key else {})}


ASKED = {
    "nothing": {},
    "signed with the key": signed(KEY),
    "signed with the key, as JSON": signed(KEY) | JSON,
    "signed with the token": signed(TOKEN),
    "signed with the token, as JSON": signed(TOKEN) | JSON,
    "signed with a key of its own": signed(TOKEN, "mine") | JSON,
    "another key": signed(TOKEN, "mine") | JSON | {"idempotency-key": "other"},
    "another path": signed(TOKEN, path="/a") | JSON | {":path": "/b"},
    "the same path": signed(TOKEN, path="/a") | JSON | {":path": "/a"},
    "signed yesterday": signed(KEY, now=NOW - 86_400),
    "guessed": signed(b"guess") | JSON,
    "the token": SHOWN,
    "the token, as JSON": SHOWN | JSON,
    "a token": {"authorization": "Bearer guess"} | JSON,
    "a token that is no text": {"authorization": "Bearer \udcff"} | JSON,
    "a caller's token": {"authorization": "Bearer a-token-of-ann's"},
    "another scheme": {"authorization": "Basic token"} | JSON,
}
ADMITTED = {
    SIGNED: {"signed with the key", "signed with the key, as JSON"},
    EVENT: {
        "signed with the key", "signed with the key, as JSON", "signed with the token, as JSON",
        "signed with a key of its own", "the same path", "the token", "the token, as JSON",
    },
}  # fmt: skip
ADMITTED[CALLER] = {"a caller's token"}
ADMITTED[ANYBODY] = ADMITTED[EVENT] | {"signed with the token"}


@pytest.mark.parametrize("what", ADMITTED)
@pytest.mark.parametrize("how", ASKED)
def test_who_is_known_is_told_from_who_is_not(what: str, how: str) -> None:
    """Whoever is unknown is refused, or is anybody."""
    asked = Asked("f", ASKED[how], BODY)
    if how in ADMITTED[what]:
        assert admit(what, asked, SECRETS, NOW)
    elif what == ANYBODY:
        assert not admit(what, asked, SECRETS, NOW)
    else:
        with pytest.raises(SignatureError):
            admit(what, asked, SECRETS, NOW)


def test_without_a_token_none_can_be_shown() -> None:
    """A stage that is not told it admits nobody by an empty one."""
    for headers in ({"authorization": "Bearer "}, signed(b"x") | JSON):
        with pytest.raises(SignatureError):
            admit(EVENT, Asked("f", headers, BODY), Secrets(KEY), NOW)


def test_what_vouches_is_the_token_before_the_signature() -> None:
    """A signature beside a token names no run."""
    assert signature(signed(TOKEN)) == signed(TOKEN)["x-ftg-signature"]
    assert signature(signed(TOKEN) | SHOWN) == ""


def test_an_annotation_that_says_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed: signature, event, caller, anybody"):
        admits({"com.faastraingym.admits": "everybody"})
    assert admits({}) == ANYBODY


def test_what_nobody_defined_admits_the_pipeline_alone() -> None:
    """A word of a later version does not open a function of this one."""
    asked = Asked("f", {"authorization": "Bearer token"}, b"")
    assert admit("event", asked, Secrets(b"key", b"token"), 0.0)
    with pytest.raises(SignatureError):
        admit("everybody who asks nicely", asked, Secrets(b"key", b"token"), 0.0)
