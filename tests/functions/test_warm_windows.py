"""Windows between updates: each is given to one update, and old ones go when there is no room."""

from faastraingym.algorithms.replay.ring import Ring
from faastraingym.functions.update_policy.warm_windows import WarmWindows
from faastraingym.schemas.messages import VersionRange
from tests.events.facts import an_object


class Sized(Ring):
    """A ring that says how large it is."""

    nbytes = 400 << 10


A, B, C = (an_object(f"runs/{run}/manifest.msgpack") for run in "abc")


def test_a_window_is_given_to_one_update_at_a_time() -> None:
    windows, ring = WarmWindows(2), Sized(3)
    windows.keep(A, ring)
    assert windows.take(A, 3) is ring
    other = windows.take(A, 3)
    assert other is not ring
    assert other.missing(VersionRange(first=0, last=2)) == [0, 1, 2]
    assert windows.take(B, 3) is not ring


def test_the_longest_unused_goes_first_and_one_always_stays() -> None:
    """Half of 2 MiB has room for two."""
    windows, rings = WarmWindows(2), [Sized(1) for _ in range(3)]
    for manifest, ring in zip((A, B, C), rings, strict=True):
        windows.keep(manifest, ring)
    assert windows.take(A, 1) is not rings[0]
    assert [windows.take(m, 1) for m in (B, C)] == rings[1:]
    narrow = WarmWindows(1)
    for manifest, ring in zip((A, B), rings, strict=False):
        narrow.keep(manifest, ring)
    assert narrow.take(A, 1) is not rings[0]
    assert narrow.take(B, 1) is rings[1]
