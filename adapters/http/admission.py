"""Which callers a function admits, by its annotation (events/topology/admits.py). Pure."""

import hmac
from collections.abc import Mapping
from typing import NamedTuple

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http.callers import NOBODY, Callers, shown
from faastraingym.adapters.http.signing import MAX_AGE, verify
from faastraingym.events.delivery.requests import KEY, PATH, SIGNATURE, is_event
from faastraingym.events.topology.admits import ANYBODY, CALLER, EVENT


class Secrets(NamedTuple):
    """The secrets that requests are checked against."""

    signing_key: bytes
    trigger_token: bytes = b""  # empty: no token is accepted
    callers: Callers = NOBODY

    def __repr__(self) -> str:
        return "Secrets(...)"


class Asked(NamedTuple):
    """A request; names of headers in lower case, `:path` is the path below the function's name."""

    function: str
    headers: Mapping[str, str]
    body: bytes


def admit(admits: str, asked: Asked, secrets: Secrets, now: float) -> bool:
    """Whether a request is authenticated; SignatureError: it is not, and must be."""
    try:
        if admits == ANYBODY or (admits == EVENT and not of_pipeline(asked.headers)):
            _by_either(asked, secrets, now)
        elif admits == CALLER:
            secrets.callers.who(asked.headers)
        else:
            verify_request(secrets.signing_key, asked, now)
    except SignatureError:
        if admits == ANYBODY:
            return False
        raise
    return True


def of_pipeline(headers: Mapping[str, str]) -> bool:
    """Whether a request claims to be the pipeline's own: it is signed, and no outside event."""
    return SIGNATURE.lower() in headers and not is_event(headers)


def claims(headers: Mapping[str, str]) -> bool:
    """Whether a request carries a token or a signature, valid or not."""
    return bool(shown(headers) is not None or headers.get(SIGNATURE.lower()))


def signature(headers: Mapping[str, str]) -> str:
    """The signature of an outside event; empty when the event shows the token instead."""
    return "" if shown(headers) is not None else headers.get(SIGNATURE.lower(), "")


def _by_either(asked: Asked, secrets: Secrets, now: float) -> None:
    """The caller shows the trigger's token, or has signed with it or with the pipeline's key."""
    found, token = shown(asked.headers), secrets.trigger_token
    if found is not None:
        if not token or not hmac.compare_digest(found.encode("utf-8", "surrogateescape"), token):
            raise SignatureError("the token is not that of the secret ftg-trigger-token")
        return
    if not asked.headers.get(SIGNATURE.lower()):
        raise SignatureError(
            "write `Authorization: Bearer <token>` with the secret ftg-trigger-token, or sign the "
            f"request with it in {SIGNATURE} (docs/triggers.md)"
        )
    try:
        verify_request(secrets.signing_key, asked, now)
    except SignatureError:
        if not secrets.trigger_token:
            raise
        verify_request(secrets.trigger_token, asked, now)


def verify_request(secret: bytes, asked: Asked, now: float, max_age: float = MAX_AGE) -> None:
    """Return when a request is signed with `secret`, its path and key too; SignatureError: not."""
    signed, path, key = (asked.headers.get(n, "") for n in (SIGNATURE.lower(), PATH, KEY.lower()))
    verify(secret, asked.function, asked.body, signed, now, max_age, path=path, key=key)
