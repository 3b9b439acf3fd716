"""Trajectories by their URLs: no more bytes than were said, and only those that were meant."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from faastraingym.schemas.arrays import MAX_PAYLOAD_BYTES
from faastraingym.schemas.payloads import Trajectory, load
from faastraingym.schemas.reward_call import Experience

AT_ONCE = 8  # trajectories
SECONDS = 30.0  # without a byte of the store's


class Unreadable(Exception):  # noqa: N818  the condition's own name
    """The store does not answer, or not with the object that is meant; it may do so later."""


def read(asked: Sequence[Experience]) -> list[Trajectory]:
    """The trajectories, in order.

    Raises:
        Unreadable: one cannot be read now.
        PayloadError: one is no trajectory.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_one, asked))


def _one(asked: Experience) -> Trajectory:
    return load(_bytes(asked), Trajectory)


def _bytes(asked: Experience) -> bytes:
    """The object's bytes, whose size and SHA-256 are those of its reference."""
    meant = asked.object
    if not asked.url.startswith(("http://", "https://")) or meant.size > MAX_PAYLOAD_BYTES:
        raise Unreadable(f"{meant.key}: no http URL, or {meant.size} bytes are too many")
    try:
        with urllib.request.urlopen(asked.url, timeout=SECONDS) as answer:  # noqa: S310
            data: bytes = answer.read(meant.size + 1)
    except (OSError, urllib.error.URLError) as error:  # an HTTPError is a URLError
        raise Unreadable(f"{meant.key}: {error}") from error
    if len(data) != meant.size or hashlib.sha256(data).hexdigest() != meant.sha256:
        raise Unreadable(f"{meant.key}: other bytes than its reference says")
    return data
