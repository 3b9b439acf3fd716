"""What a replica keeps: taken once, bounded, the longest unused first to go."""

from typing import Any

from faastraingym.functions.env_step.warm import IDLE, Warm


class Counted:
    """So many environments; what a table needs to know of them."""

    def __init__(self, count: int = 1) -> None:
        self.count, self.closed = count, False

    def close(self) -> None:
        self.closed = True


def kept(warm: Warm, *sessions: Any, now: float = 0.0) -> None:
    for number, session in enumerate(sessions):
        warm.put(bytes([number]), session, now)


def test_a_state_is_taken_once() -> None:
    warm, one = Warm(), Counted()
    kept(warm, one)
    assert warm.take(b"\x00") is one
    assert warm.take(b"\x00") is None
    assert not one.closed


def test_two_in_one_state_are_one() -> None:
    warm, one, two = Warm(), Counted(), Counted()
    kept(warm, one)
    kept(warm, two)
    assert (len(warm), one.closed, two.closed) == (1, True, False)


def test_too_many_sessions_leave_the_newest() -> None:
    warm, found = Warm(sessions=2), [Counted() for _ in range(4)]
    kept(warm, *found)
    assert [one.closed for one in found] == [True, True, False, False]


def test_too_many_environments_leave_the_newest() -> None:
    warm, found = Warm(environments=5), [Counted(n) for n in (1, 3, 2, 3)]
    kept(warm, *found)
    assert [one.closed for one in found] == [True, True, False, False]
    kept(warm, Counted(9))
    assert len(warm) == 0


def test_what_nobody_took_for_long_goes() -> None:
    warm, old, new = Warm(), Counted(), Counted()
    kept(warm, old, now=0.0)
    warm.put(b"new", new, IDLE - 1)
    assert not old.closed
    warm.put(b"newer", Counted(), IDLE)
    assert (old.closed, new.closed, len(warm)) == (True, False, 2)


def test_while_memory_is_crowded_the_longest_unused_go() -> None:
    """One after the other, until there is room; perhaps all."""
    found = [Counted() for _ in range(4)]
    crowded = iter([False, False, False, True, True, False])
    warm = Warm(crowded=lambda: next(crowded))
    kept(warm, *found)
    assert [one.closed for one in found] == [True, True, False, False]
    always = Warm(crowded=lambda: True)
    kept(always, *found)
    assert len(always) == 0
    warm.clear()
    assert [one.closed for one in found] == [True] * 4
    assert len(warm) == 0


def test_who_looks_takes_nothing() -> None:
    warm, one = Warm(), Counted()
    kept(warm, one)
    assert warm.peek(b"\x00") is one
    assert warm.peek(b"\x01") is None
    assert warm.take(b"\x00") is one
