"""Plans: the same from the same seed, and fair to every way of breaking a stack."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.nats.bus import ACK_WAIT_SECONDS
from faastraingym.events.topology import stack_file
from tests.chaos.injection import hearers
from tests.chaos.plan import (
    DOWN,
    INTERRUPT,
    KINDS,
    LOSSES,
    MOST_FACTS,
    OF_EXPERIMENTS,
    SECONDS,
    VICTIMS,
    Fault,
    overlapping,
    plan,
)
from tests.checkout import CHECKOUT

seeds = st.integers(0, 2**63)
counts = st.integers(0, 120)
some_kinds = st.lists(st.sampled_from(list(VICTIMS)), min_size=1, unique=True)


@given(seeds, counts, some_kinds)
def test_a_seed_always_means_the_same_faults(seed: int, count: int, kinds: list[str]) -> None:
    assert plan(seed, count, kinds) == plan(seed, count, kinds)


@given(seeds, counts, some_kinds)
def test_a_plan_has_as_many_faults_as_asked_of_the_kinds_asked(
    seed: int, count: int, kinds: list[str]
) -> None:
    faults = plan(seed, count, kinds)
    assert len(faults) == count
    for fault in faults:
        assert fault.kind in kinds
        assert fault.victim in VICTIMS[fault.kind]
        assert fault.seconds in SECONDS.get(fault.kind, (0.0,))
        assert 0 <= fault.after <= MOST_FACTS
        assert 0 <= fault.draw < 1


@given(seeds, counts, some_kinds)
def test_every_victim_gets_its_turn_as_often_as_any_other(
    seed: int, count: int, kinds: list[str]
) -> None:
    turns = Counter((fault.kind, fault.victim) for fault in plan(seed, count, kinds))
    every = [turns[kind, victim] for kind in kinds for victim in VICTIMS[kind]]
    assert max(every) - min(every) <= 1


@given(seeds, some_kinds)
def test_a_longer_plan_begins_as_the_shorter_one(seed: int, kinds: list[str]) -> None:
    """So a failure at the fifth fault is repeated with five."""
    assert plan(seed, 30, kinds)[:12] == plan(seed, 12, kinds)


@given(seeds, counts, some_kinds)
def test_nothing_else_happens_while_a_whole_stack_is_down(
    seed: int, count: int, kinds: list[str]
) -> None:
    """`up` may fail when its servers are killed under it; whoever typed it would repeat it."""
    faults = plan(seed, count, kinds)
    for before, fault in pairwise(faults):
        if before.kind in DOWN or fault.kind in DOWN:
            assert fault.after > 0


@given(seeds, counts, some_kinds)
def test_what_overlaps_begins_with_one_that_waits(seed: int, count: int, kinds: list[str]) -> None:
    groups = overlapping(plan(seed, count, kinds))
    assert [fault for group in groups for fault in group] == plan(seed, count, kinds)
    assert all(group[0].after and not any(f.after for f in group[1:]) for group in groups)


def test_losses_happen_only_where_they_are_asked_for() -> None:
    """A seed has meant the same since before there were any: plans that were published stay."""
    assert not {fault.kind for fault in plan(1, 200)} & {*LOSSES}
    assert {fault.kind for fault in plan(1, 6, LOSSES)} == {*LOSSES}
    assert INTERRUPT not in {fault.kind for fault in plan(1, 200)}
    first = {"victim": "everything", "after": 29, "delay": 0.0401, "draw": 0.9014274576114836}
    second = {"victim": "nats-server", "after": 2, "delay": 0.0325, "draw": 0.9391491627785106}
    assert plan(1, 2) == [Fault(kind="stack", **first), Fault(kind="pause", seconds=0.3, **second)]


def test_one_function_alone_hears_what_interrupts_aim_at() -> None:
    """Most of them hit the planner of experiments, which else seldom has a replica that works."""
    functions = stack_file.functions(stack_file.load(CHECKOUT / "stack.yml", {}))
    heard = [one.name for one in functions for topic in one.topics if topic in VICTIMS[INTERRUPT]]
    assert Counter(heard) == {"start-run": 1, "plan-experiment": 3, "conclude-run": 1}
    assert Counter(hearers().values()) == Counter(heard)
    assert {fault.kind for fault in plan(1, 200, OF_EXPERIMENTS)} == {*KINDS, INTERRUPT}


def test_a_pause_can_outlast_what_the_broker_waits_for() -> None:
    """And lasts as the documents say, which name the wait."""
    assert max(SECONDS["pause"]) > ACK_WAIT_SECONDS
    documented = (CHECKOUT / "docs" / "reliability.md").read_text()
    assert f"the broker's ack wait is {ACK_WAIT_SECONDS} s |" in documented
    assert f"after its ack wait, {ACK_WAIT_SECONDS} s," in documented


def test_faults_overlap_and_seeds_differ() -> None:
    assert len(overlapping(plan(1, 50))) < 50
    assert plan(1, 50) != plan(2, 50)
