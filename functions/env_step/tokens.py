"""States as callers carry them: opaque, signed for one caller, and good for a day. Pure."""

import base64
import binascii
import hashlib
import hmac
import struct

from faastraingym.schemas.answers import AnswerError

PURPOSE = b"states of environments"  # of the key that derives from the stack's signing key
VERSION = b"\x02"
MAC = 32  # bytes
HOUR = 3600
LIFE = 24  # hours, at least, that a state is good for; sooner or later in the hour is all one
_HOURS = struct.Struct("<I")


def expiry(now: float) -> int:
    """The hour of Unix time at which a token expires that is given at `now`, in seconds."""
    return int(now // HOUR) + LIFE + 1


def sealed(key: bytes, caller: str, content: bytes, now: float) -> str:
    """The token of a state, at Unix time `now` in seconds: equal within an hour."""
    signed = VERSION + _HOURS.pack(expiry(now)) + content
    return base64.urlsafe_b64encode(_mac(key, caller, signed) + signed).decode()


def opened(key: bytes, caller: str, token: str, now: float) -> bytes:
    """The content of a token.

    Raises:
        AnswerError: bad-request, forbidden or expired.
    """
    try:
        data = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _none() from error
    mac, signed = data[:MAC], data[MAC:]
    if len(signed) < 1 + _HOURS.size or signed[:1] != VERSION:
        raise _none()
    if not hmac.compare_digest(mac, _mac(key, caller, signed)):
        raise AnswerError(
            "forbidden",
            "state",
            "state: it was given to another caller, by another stack, or was altered; write it as "
            "the last answer gave it, or make environments",
        )
    if now >= _HOURS.unpack_from(signed, 1)[0] * HOUR:
        raise AnswerError(
            "expired", "state", f"state: it was good for {LIFE} hours; make environments anew"
        )
    return signed[1 + _HOURS.size :]


def _mac(key: bytes, caller: str, signed: bytes) -> bytes:
    """A caller's key is its own: a state of another is as good as forged."""
    own = hmac.digest(key, caller.encode(), hashlib.sha256)
    return hmac.digest(own, signed, hashlib.sha256)


def _none() -> AnswerError:
    return AnswerError(
        "bad-request", "state", "state: found no state; write it as the last answer gave it"
    )
