"""How much of a function a run may hold: nobody starves, nothing that hangs holds up others."""

from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.fair_scheduling import FairQueue
from faastraingym.events.delivery.shares import RECENT_SECONDS, Shares, Standing

FRESH, PROVEN, SUSPECT = Standing
RUNS = "abcd"


class Model:
    """The queue and the shares of one function, as InHand puts them together; no clock moves."""

    def __init__(self, slots: int, waiting: str = "", **standings: Standing) -> None:
        self.slots, self.shares, self.queue = slots, Shares(), FairQueue[str]()
        self.begun: deque[str] = deque()
        for run, standing in standings.items():
            self.shares.tell(run, standing)
        for run in waiting:
            self.add(run)

    def add(self, run: str) -> None:
        self.queue.add(run, run, 1)
        self.shares.seen(run, 0.0)

    def runs(self) -> int:
        return len((self.shares.runs() | self.queue.lanes().keys()) - {""})

    def fill(self) -> str:
        """Begin what may begin."""
        begun = ""
        while len(self.begun) < self.slots:
            run = self.queue.next(lambda run: self.shares.may_begin(run, self.slots, self.runs))
            if run is None:
                break
            self.shares.begin(run)
            self.begun.append(run)
            begun += run
        return begun

    def end(self, index: int, standing: Standing | None) -> None:
        run = self.begun[index]
        del self.begun[index]
        if standing is not None:
            self.shares.tell(run, standing)
        self.shares.end(run)
        self.shares.seen(run, 0.0)


def test_a_new_run_begins_with_one() -> None:
    """All the others wait until that one has come to an end."""
    model = Model(4, "aaaa")
    assert model.fill() == "a"
    assert model.fill() == ""
    model.end(0, PROVEN)
    assert model.fill() == "aaa"


def test_a_run_that_is_alone_and_known_has_all() -> None:
    assert Model(4, "aaaaaa", a=PROVEN).fill() == "aaaa"


def test_two_that_hang_leave_the_others_half() -> None:
    """Whichever came first: before they have hung, and afterwards."""
    assert Model(4, "aaaabbbb").fill() == "ab"
    model = Model(4, "aaaabbbbcccc", c=PROVEN)
    assert model.fill() == "abc"
    assert Model(2, "aabbcc", a=SUSPECT, b=SUSPECT, c=PROVEN).fill() == "ac"


@pytest.mark.parametrize(("slots", "held"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4)])
def test_what_has_hung_holds_half_of_the_slots_at_most(slots: int, held: int) -> None:
    model = Model(slots, "aabbccddeeff", **dict.fromkeys("abcdef", SUSPECT))
    assert len(model.fill()) == held


def test_a_run_that_begins_to_hang_beside_others_does_not_get_all() -> None:
    """It was well so far: it may borrow what is free while half of the slots stay so."""
    model = Model(4, "aaaaaa", a=PROVEN, b=PROVEN, c=PROVEN)
    for run in "bc":
        model.shares.seen(run, 0.0)
    assert model.fill() == "aa"
    for run in "bc":
        model.shares.seen(run, 1.5 * RECENT_SECONDS)  # theirs is long ago, a's is longer ago
    model.shares.seen("a", 4 * RECENT_SECONDS)
    assert model.fill() == "aa"


def test_the_last_to_be_known_of_many_is_the_first_to_be_forgotten() -> None:
    """Bounded, and whoever is forgotten while it hangs counts as new."""
    shares = Shares(remembered=2)
    shares.begin("a")
    for run in "abc":
        shares.tell(run, SUSPECT)
    assert [shares.of(run) for run in "abc"] == [FRESH, SUSPECT, SUSPECT]
    shares.end("a")
    assert shares.may_begin("b", 2, lambda: 3)


def test_what_belongs_to_no_run_is_not_bounded() -> None:
    model = Model(4)
    for _ in range(6):
        model.add("")
    for _ in range(4):
        run = model.queue.next(lambda run: model.shares.may_begin(run, 4, model.runs))
        assert run == ""
        model.shares.begin("")
    model.shares.tell("", SUSPECT)
    assert model.shares.of("") is FRESH


STEPS = st.lists(
    st.tuples(st.sampled_from(["", *RUNS]), st.integers(0, 99), st.sampled_from([None, *Standing])),
    max_size=120,
)


@given(st.integers(1, 9), STEPS)
def test_never_more_than_slots_and_nobody_more_than_is_trusted(
    slots: int, steps: list[tuple[str, int, Standing | None]]
) -> None:
    """Deliveries come and end in any order and any way."""
    model = Model(slots)
    for run, index, standing in steps:
        if index < 60:
            model.add(run)
        elif model.begun:
            model.end(index % len(model.begun), standing)
        held = Counter(model.begun)
        for begun in model.fill():
            held[begun] += 1
            if model.shares.of(begun) is not PROVEN:
                assert held[begun] == 1
        suspected = sum(n for r, n in held.items() if r and model.shares.of(r) is SUSPECT)
        assert suspected == model.shares._suspected()
        assert len(model.begun) == model.shares.in_flight <= slots


@given(st.integers(1, 9), STEPS)
def test_nothing_is_idle_that_may_be_used_and_everything_begins(
    slots: int, steps: list[tuple[str, int, Standing | None]]
) -> None:
    """Half of the slots are always for the asking of whoever is known; and all of it ends."""
    model = Model(slots)
    waiting = 0
    for run, _, standing in steps:
        model.add(run)
        waiting += 1
        if run and standing is not None:
            model.shares.tell(run, standing)
        model.fill()
        proven = any(r and model.shares.of(r) is PROVEN for r in model.queue.lanes())
        if proven and len(model.begun) < slots:
            assert len(model.begun) >= slots - slots // 2
    done = 0
    while model.queue or model.begun:
        model.fill()
        assert model.begun, "what waits never begins"
        model.end(0, None)
        done += 1
    assert done == waiting
