"""Signed requests: HMAC-SHA256 over time, function and request, in the form of Stripe's webhooks.

OpenFaaS leaves `/function/*` open to every caller that reaches the gateway. The header
`X-Ftg-Signature: t=<Unix seconds>,v1=<hex>` proves that a command comes from this pipeline, for
this function, within the last hour. A request that has a path, a query or an Idempotency-Key
besides its body has `v2=<hex>`, which covers these too; v1 is refused with them.
"""

import hmac
import re

from faastraingym.adapters.errors import SignatureError
from faastraingym.events.delivery.requests import KEY, SIGNATURE

MAX_AGE = 3600.0  # seconds
CLOCK_SKEW = 60.0  # seconds

_FORM = re.compile(r"t=(0|[1-9][0-9]{0,15}),(v[12])=([0-9a-f]{64})", re.ASCII)


def sign(
    secret: bytes, function: str, body: bytes, now: float, *, path: str = "", key: str = ""
) -> str:
    """The header's value for a request to `function` at Unix time `now`, in seconds.

    `path` is below the function's name and includes the query; `key` is the header Idempotency-Key.
    ValueError: one of the two is not printable ASCII.
    """
    at, path, key = int(now), below(path), key.strip()
    if not _is_plain(path + key):
        raise ValueError(f"not printable ASCII: {path!r:.80} or {key!r:.80}")
    version = "v2" if path or key else "v1"
    return f"t={at},{version}={_digest(version, secret, function, body, at, path, key)}"


def verify(
    secret: bytes,
    function: str,
    body: bytes,
    header: str | None,
    now: float,
    max_age: float = MAX_AGE,
    *,
    path: str = "",
    key: str = "",
) -> None:
    """Return when `header` signs the request, `max_age` seconds ago or less; or SignatureError."""
    if not header:
        raise SignatureError(f"no {SIGNATURE} header; commands to {function} must be signed")
    form = _FORM.fullmatch(header)
    if form is None:
        raise SignatureError(
            f"{SIGNATURE} is malformed; it must read t=<Unix seconds>,v1=<hex>, or v2=<hex>"
        )
    at, version, path, key = int(form[1]), form[2], below(path), key.strip()
    if version == "v1" and (path or key):
        raise SignatureError(
            f"{SIGNATURE} v1 covers the body alone; with a path, a query or {KEY} write v2 "
            "(docs/triggers.md)"
        )
    if not _is_plain(path + key):
        raise SignatureError(f"path and {KEY} of a signed request are printable ASCII")
    # The digest first: a caller without the key learns nothing about our clock.
    digest = _digest(version, secret, function, body, at, path, key)
    if not hmac.compare_digest(form[3], digest):
        raise SignatureError(
            f"{SIGNATURE} does not match; both sides must have the same secret ftg-signing-key"
        )
    if now - at > max_age:
        raise SignatureError(f"the signature is {now - at:.0f} s old; at most {max_age:.0f} s")
    if at - now > CLOCK_SKEW:
        raise SignatureError(f"the signature is from {at - now:.0f} s ahead; set the clocks")


def below(path: str) -> str:
    """Path and query below a function's name, as they are signed: `/` alone is none."""
    return "" if path == "/" else path


def _is_plain(text: str) -> bool:
    """Whether a receiver reads the same text from a request; a line's end is not printable."""
    return text.isascii() and text.isprintable()


def _digest(
    version: str, secret: bytes, function: str, body: bytes, at: int, path: str, key: str
) -> str:
    """Of v1, `<t>.<function>.<body>`; of v2, a line for each part, none of which has a line's end.

    Neither text can be the other's: one begins with a digit.
    """
    if version == "v1":
        signed = f"{at}.{function}.".encode()
    else:
        signed = f"v2\n{at}\n{function}\n{path}\n{key}\n".encode()
    return hmac.digest(secret, signed + body, "sha256").hex()
