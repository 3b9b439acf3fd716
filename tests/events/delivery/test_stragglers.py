"""Which rollouts are late beside their siblings: literal values."""

import math

import pytest
from msgspec import UNSET

from faastraingym.events.delivery.stragglers import Stragglers, is_late, median_of
from faastraingym.schemas.messages import CollectRollout
from tests.events import facts


def command(index: int, version: int = 3, run: str = "r", factor: float | None = 2.0):
    """One rollout of a batch."""
    return CollectRollout(
        run=run,
        manifest=facts.MANIFEST,
        policy=facts.policy(version),
        index=index,
        straggler_factor=UNSET if factor is None else factor,
    )


@pytest.mark.parametrize(
    ("siblings", "median"),
    [
        ([], math.inf),
        ([4.0], 4.0),
        ([1.0, math.inf], math.inf),
        ([1.0, 5.0, math.inf], 5.0),
        ([1.0, math.inf, math.inf], math.inf),
        ([1.0, 2.0, 9.0], 2.0),
    ],
)
def test_a_sibling_that_has_not_ended_took_infinitely_long(
    siblings: list[float], median: float
) -> None:
    assert median_of(siblings) == median


@pytest.mark.parametrize(
    ("seconds", "median", "late"),
    [
        (11.9, 4.0, False),
        (12.0, 4.0, True),
        (0.9, 0.1, False),
        (1.0, 0.1, True),
        (1e9, math.inf, 0),
    ],
)
def test_late_is_a_multiple_of_the_median_and_a_second_at_least(
    seconds: float, median: float, late: bool
) -> None:
    assert is_late(seconds, median, 3.0) == late


def test_the_one_that_others_are_done_before_is_told_once() -> None:
    """Four rollouts of a batch: three take 1, 2 and 3 s, one goes on; twice the median is 4 s."""
    watch = Stragglers()
    for index in range(4):
        watch.begin(f"m{index}", command(index), now=10.0)
    watch.end("m0", 11.0, done=True)
    assert watch.late(100.0) == []  # of three siblings two have not ended
    watch.end("m1", 12.0, done=True)
    watch.end("m2", 13.0, done=True)
    assert watch.late(13.9) == []
    (late,) = watch.late(14.0)
    assert (late.message_id, late.command.index) == ("m3", 3)
    assert (late.seconds, late.median_seconds) == (4.0, 2.0)
    assert watch.late(15.0) == []


def test_other_batches_and_failures_are_no_siblings() -> None:
    """Nor is an earlier attempt at the same slot, nor a run whose specification has no factor."""
    watch = Stragglers()
    watch.begin("failed", command(0), now=0.0)
    watch.end("failed", 1.0, done=False)
    watch.begin("before", command(1, version=2), now=0.0)
    watch.end("before", 1.0, done=True)
    watch.begin("other", command(1, run="s"), now=0.0)
    watch.end("other", 1.0, done=True)
    watch.begin("unwatched", command(2, factor=None), now=0.0)
    watch.end("unwatched", 1.0, done=True)
    watch.begin("mine", command(0), now=2.0)
    assert watch.late(1000.0) == []
    watch.begin("sibling", command(1), now=2.0)
    watch.end("sibling", 3.0, done=True)
    assert [late.message_id for late in watch.late(1000.0)] == ["mine"]


def test_only_the_newest_batches_are_remembered() -> None:
    """A queue-worker lives long."""
    watch = Stragglers(remembered=2)
    for version in (1, 2, 3):
        watch.begin("done", command(0, version), now=0.0)
        watch.end("done", 1.0, done=True)
    for version in (1, 2, 3):
        watch.begin(f"slow{version}", command(1, version), now=0.0)
    assert [late.message_id for late in watch.late(1000.0)] == ["slow2", "slow3"]
