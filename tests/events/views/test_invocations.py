"""Visits: what called for an invocation, what lies between, and what it did."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from faastraingym.events.views.invocations import (
    KINDS,
    WORK,
    Invoked,
    Part,
    invocations,
    lanes,
    parts,
)
from tests.events import facts
from tests.events.traced import (
    LAGGING_SAID,
    LAGGING_USAGE,
    SAID,
    USAGE,
    invocation,
    ms,
    publish_once,
)

OLD = {"command": "gateway"}


def told(found: tuple[Part, ...]) -> list[tuple[str, float, float]]:
    return [(part.kind, ms(part.begin), ms(part.end)) for part in found]


def invoked(name: str, version: int, index: int | None = None, status: int = 200) -> Invoked:
    (found,) = [
        one
        for one in invocations(SAID, USAGE)
        if one.key == (name, version, index) and one.status == status
    ]
    return found


def test_the_parts_of_an_invocation_leave_no_gap() -> None:
    """What nobody told is the stage's own."""
    assert told(invoked("collect-rollout", 0, 0).parts) == [
        ("store", 122, 124),
        ("environment", 124, 127),
        ("policy", 127, 128),
        ("stage", 128, 129),
        ("broker", 129, 131),
    ]


@pytest.mark.parametrize("inner", [("compile", 2, 6), ("compile", 0, 6)])
def test_within_a_span_the_inner_one_counts(inner: tuple[str, int, int]) -> None:
    """Compiling is a part of the first update, not learning; also where both began together."""
    one = invocation(0, 10, "f", "x", spans=[inner, ("update", 0, 9)])
    spent = {}
    for part in parts(one):
        spent[part.kind] = spent.get(part.kind, 0) + round((part.end - part.begin) * 1e3, 6)
    compiled = inner[2] - inner[1]
    assert spent == {"compile": compiled, "update": 9 - compiled, "stage": 1}


def test_spans_beyond_the_invocation_are_cut() -> None:
    """Clocks that tell seconds and spans are read one after the other."""
    one = invocation(0, 10, "f", "x", spans=[("store", -1, 2), ("broker", 9, 12)])
    assert told(parts(one)) == [("store", 0, 2), ("stage", 2, 9), ("broker", 9, 10)]


@pytest.mark.parametrize(
    ("received", "before"),
    [
        (("collect-rollout", 0, 1), [("cold start", 101, 106)]),
        (
            ("collect-rollout", 0, 0),
            [("cold start", 101, 106), ("queue", 106, 121), ("hop", 121, 122)],
        ),
        (("rollout.completed", 0, 0), [("hop", 130, 133)]),
        (("rewards.ready", 0, None), [("hop", 140, 143)]),
        (("update-policy", 0, None), [("hop", 145, 147)]),
        (("collect-rollout", 1, 0), [("retry", 212, 216)]),
    ],
    ids=["cold", "busy replica", "fact", "plan", "command", "after a failure"],
)
def test_what_lies_between_a_cause_and_its_function(received, before) -> None:
    """A fact's is when it was said, a command's when its parent began to send it."""
    assert told(invoked(*received).before) == before


def test_the_second_copy_of_a_rollout_follows_the_wait_for_the_first() -> None:
    """The first copy, which is still at it, was called for as ever."""
    late = facts.reissued(1, 1)
    said = publish_once(*((ms(record.at), record.fact) for record in SAID[:7]), (210, late))
    copy = invocation(213, 219, "rollout", "collect-rollout", 1, 1, replica="rollout-3",
                      by=("update-policy", 147))  # fmt: skip
    found = [v for v in invocations(said, [*USAGE, copy]) if v.key == ("collect-rollout", 1, 1)]
    assert [told(one.before) for one in found] == [
        [("hop", 201, 207)],
        [("straggler", 201, 210), ("hop", 210, 213)],
    ]


def test_without_a_parent_nobody_knows_who_sent_a_command() -> None:
    """As of a run that was metered before there were parents; facts tell for themselves."""
    found = invocations(SAID, [replace(one, parent="") for one in USAGE])
    causes = {v.key: bool(v.before) for v in found if v.status == 200}
    assert not causes["collect-rollout", 0, 1]
    assert not causes["update-policy", 0, None]
    assert causes["rewards.ready", 0, None]


def test_what_was_metered_before_there_were_spans_is_a_stage_without_a_cause() -> None:
    """Old runs can be looked at."""
    (found,) = invocations(SAID, [invocation(106, 121, "rollout", "")])
    assert (found.before, told(found.parts)) == ((), [("stage", 106, 121)])


def test_runs_whose_commands_went_through_the_gateway_are_read_as_before() -> None:
    """Its spans had that name."""
    named = [replace(u, spans=[replace(s, kind=OLD.get(s.kind, s.kind)) for s in u.spans])
             for u in USAGE]  # fmt: skip
    for new, old in zip(invocations(SAID, USAGE), invocations(SAID, named), strict=True):
        assert old.before == new.before
        assert [OLD.get(part.kind, part.kind) for part in new.parts] == [p.kind for p in old.parts]


def test_no_two_visits_of_a_lane_overlap() -> None:
    """A replica that serves two at once has two lanes."""
    found = invocations(
        SAID, [*USAGE, invocation(135, 139, "aggregate-rewards", "rollout.completed")]
    )
    tracks = lanes(found)
    assert {(f, n) for f, _, n in tracks if f == "aggregate-rewards"} == {
        ("aggregate-rewards", 0),
        ("aggregate-rewards", 1),
    }
    assert sum(map(len, tracks.values())) == len(found)
    for lane in tracks.values():
        assert all(a.end <= b.begin for a, b in pairwise(lane))


def test_every_kind_of_work_is_a_kind() -> None:
    """Overhead is what is not work."""
    assert set(WORK) < set(KINDS)


def test_a_rollout_beside_an_update_was_called_for_by_who_planned_both() -> None:
    before = {v.key: told(v.before) for v in invocations(LAGGING_SAID, LAGGING_USAGE)}
    assert before["collect-rollout", 1, 0] == [("hop", 145, 151)]
    assert before["collect-rollout", 1, 1][-1] == ("hop", 161, 162)
    assert before["update-policy", 0, None] == [("hop", 145, 147)]
    assert before["update-policy", 1, None] == [("queue", 204, 205), ("hop", 205, 206)]
