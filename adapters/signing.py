"""Signed commands: HMAC-SHA256 over time, function and body, in the form of Stripe's webhooks.

OpenFaaS leaves `/function/*` open to everybody who reaches the gateway. The header
`X-Ftg-Signature: t=<Unix seconds>,v1=<hex>` proves that a command comes from this pipeline, for
this function, within the last hour.
"""

import hashlib
import hmac
import re

from adapters.errors import SignatureError
from events.requests import SIGNATURE

MAX_AGE = 3600.0  # seconds
CLOCK_SKEW = 60.0  # seconds

_FORM = re.compile(r"t=(0|[1-9][0-9]{0,15}),v1=([0-9a-f]{64})", re.ASCII)


def sign(key: bytes, function: str, body: bytes, now: float) -> str:
    """The header's value for `body` sent to `function` at Unix time `now`."""
    at = int(now)
    return f"t={at},v1={_digest(key, function, body, at)}"


def verify(
    key: bytes,
    function: str,
    body: bytes,
    header: str | None,
    now: float,
    max_age: float = MAX_AGE,
) -> None:
    """Return when `header` signs `body` for `function`.

    Raises:
        SignatureError: missing, malformed, wrong, older than `max_age` seconds, or from the future.
    """
    if not header:
        raise SignatureError(f"no {SIGNATURE} header; commands to {function} must be signed")
    form = _FORM.fullmatch(header)
    if form is None:
        raise SignatureError(f"{SIGNATURE} is malformed; it must read t=<Unix seconds>,v1=<hex>")
    at = int(form.group(1))
    # The digest first: whoever has no key learns nothing about our clock.
    if not hmac.compare_digest(form.group(2), _digest(key, function, body, at)):
        raise SignatureError(
            f"{SIGNATURE} does not match; both sides must have the same secret ftg-signing-key"
        )
    if now - at > max_age:
        raise SignatureError(f"the signature is {now - at:.0f} s old; at most {max_age:.0f} s")
    if at - now > CLOCK_SKEW:
        raise SignatureError(f"the signature is from {at - now:.0f} s ahead; set the clocks")


def _digest(key: bytes, function: str, body: bytes, at: int) -> str:
    signed = b"%d.%s." % (at, function.encode())
    return hmac.new(key, signed + body, hashlib.sha256).hexdigest()
