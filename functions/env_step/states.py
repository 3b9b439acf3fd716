"""What a token has of a state: the state, or where it is a large one the object that has it.

The object's key has the hour at which the token expires, so `reconcile` knows by the key alone what
nobody can ask for any more; and its SHA-256, which the signed token repeats.
"""

import hashlib
import struct

from faastraingym.events.ports import LostObject, ObjectStore
from faastraingym.schemas import keys
from faastraingym.schemas.answers import AnswerError

from .tokens import expiry

INSIDE, STORED = b"\x00", b"\x01"
MOST_INSIDE = 1 << 20  # bytes of a state that a token has itself
MOST_STATE = 16 << 20  # bytes
_PLACE = struct.Struct("<I32s")  # hour and SHA-256


async def kept(content: bytes, store: ObjectStore, now: float) -> bytes:
    """What the token of a state has, at Unix time `now` in seconds: equal within an hour.

    Raises:
        AnswerError: too-large.
        Unavailable: the store is away.
    """
    if len(content) <= MOST_INSIDE:
        return INSIDE + content
    if len(content) > MOST_STATE:
        raise AnswerError(
            "too-large",
            "state",
            f"state: the environments' has {len(content)} bytes; allowed: at most {MOST_STATE}; "
            "reset, or make fewer environments",
        )
    hour, digest = expiry(now), hashlib.sha256(content)
    await store.put(keys.environment_state(hour, digest.hexdigest()), content)
    return STORED + _PLACE.pack(hour, digest.digest())


async def found(told: bytes, store: ObjectStore) -> bytes:
    """The state of a token that has this.

    Raises:
        AnswerError: expired: the object is not in the store.
        Unavailable: the store is away.
    """
    if told[:1] == INSIDE:
        return told[1:]
    hour, digest = _PLACE.unpack(told[1:])
    ref = await store.find(keys.environment_state(hour, digest.hex()))
    try:
        if ref is not None and ref.sha256 == digest.hex():
            return await store.get(ref)
    except LostObject as lost:
        raise _gone() from lost
    raise _gone()


def _gone() -> AnswerError:
    return AnswerError("expired", "state", "state: the store has lost it; make environments anew")
