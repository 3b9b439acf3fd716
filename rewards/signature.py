"""Whether a request is the pipeline's: the signature of adapters/http/signing.py, as it is read."""

import hmac
import re

MAX_AGE = 300.0  # seconds
CLOCK_SKEW = 60.0  # seconds
_FORM = re.compile(r"t=(0|[1-9][0-9]{0,15}),v1=([0-9a-f]{64})", re.ASCII)


class Unsigned(Exception):  # noqa: N818  the condition's own name
    """A request that nobody signed who has this function's key, or not just now."""


def verify(key: str, function: str, body: bytes, header: str | None, now: float) -> None:
    """Return when `header` signs `body` for the function of this name.

    Args:
        key: of the function, as its secret holds it.
        function: its name.
        body: of the request.
        header: X-Ftg-Signature.
        now: Unix time, seconds.

    Raises:
        Unsigned: it does not, or it is older than five minutes.
    """
    form = _FORM.fullmatch(header or "")
    if form is None:
        raise Unsigned("no X-Ftg-Signature that reads t=<Unix seconds>,v1=<hex>")
    at = int(form[1])
    digest = hmac.digest(key.encode(), f"{at}.{function}.".encode() + body, "sha256").hex()
    if not hmac.compare_digest(form[2], digest):
        raise Unsigned(f"the signature is not of the key of {function}")
    if not -CLOCK_SKEW <= now - at <= MAX_AGE:
        raise Unsigned(f"the signature is {now - at:.0f} s old; at most {MAX_AGE:.0f} s")
