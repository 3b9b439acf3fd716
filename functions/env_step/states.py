"""What a token has of a state: the packages of the environments, and the state itself.

Of a large state it has the object instead, that has the state.
The object's key has the hour at which the token expires, so `reconcile` knows by the key alone what
nobody can ask for any more; and its SHA-256, which the signed token repeats.
"""

import hashlib
import struct
from collections.abc import Sequence

from faastraingym.events.ports import LostObject, ObjectStore
from faastraingym.schemas import keys
from faastraingym.schemas.answers import AnswerError

from .tokens import expiry

INSIDE, STORED = 0, 1
MOST_INSIDE = 1 << 20  # bytes of a state that a token has itself
MOST_STATE = 16 << 20  # bytes
_HEAD = struct.Struct("<BB")  # INSIDE or STORED, and the number of packages
_PLACE = struct.Struct("<I32s")  # hour and SHA-256
_DIGEST = 32  # bytes


async def kept(
    content: bytes, store: ObjectStore, now: float, packages: Sequence[str] = ()
) -> bytes:
    """What the token of a state has, at Unix time `now` in seconds: equal within an hour.

    Raises:
        AnswerError: too-large.
        Unavailable: the store is away.
    """
    if len(content) <= MOST_INSIDE:
        return _head(INSIDE, packages) + content
    if len(content) > MOST_STATE:
        raise AnswerError(
            "too-large",
            "state",
            f"state: the environments' has {len(content)} bytes; allowed: at most {MOST_STATE}; "
            "reset, or make fewer environments",
        )
    hour, digest = expiry(now), hashlib.sha256(content)
    await store.put(keys.environment_state(hour, digest.hexdigest()), content)
    return _head(STORED, packages) + _PLACE.pack(hour, digest.digest())


async def found(told: bytes, store: ObjectStore) -> bytes:
    """The state of a token that has this.

    Raises:
        AnswerError: expired: the object is not in the store.
        Unavailable: the store is away.
    """
    kind, count = _HEAD.unpack_from(told)
    rest = told[_HEAD.size + count * _DIGEST :]
    if kind == INSIDE:
        return rest
    hour, digest = _PLACE.unpack(rest)
    ref = await store.find(keys.environment_state(hour, digest.hex()))
    try:
        if ref is not None and ref.sha256 == digest.hex():
            return await store.get(ref)
    except LostObject as lost:
        raise _gone() from lost
    raise _gone()


def packages_of(told: bytes) -> list[str]:
    """The SHA-256 of each package of the environments, whose token has this."""
    _, count = _HEAD.unpack_from(told)
    starts = range(_HEAD.size, _HEAD.size + count * _DIGEST, _DIGEST)
    return [told[start : start + _DIGEST].hex() for start in starts]


def _head(kind: int, packages: Sequence[str]) -> bytes:
    return _HEAD.pack(kind, len(packages)) + b"".join(map(bytes.fromhex, packages))


def _gone() -> AnswerError:
    return AnswerError("expired", "state", "state: the store has lost it; make environments anew")
