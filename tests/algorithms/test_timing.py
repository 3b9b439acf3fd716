"""The stopwatch: what environments take, by the caller's clock."""

import itertools
from collections.abc import Callable

import pytest

from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.payloads import Policy, dump
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def ticking() -> Stopwatch:
    """Its clock goes on by one second whenever it is read."""
    return Stopwatch(itertools.count(0.0).__next__)


def test_without_a_clock_it_stands_still() -> None:
    watch = Stopwatch()
    assert watch.time(divmod, 7, 4) == (1, 3)
    assert watch.seconds == 0.0


def test_what_fails_takes_its_time_too() -> None:
    watch = ticking()
    with pytest.raises(ZeroDivisionError):
        watch.time(divmod, 1, 0)
    assert watch.seconds == 1.0


@pytest.mark.parametrize("horizon", ["steps", "episodes"])
def test_a_rollout_adds_up_every_step_of_its_environments(
    make_spec: Make, make_policy: MakePolicy, horizon: str
) -> None:
    """And building and resetting them; its bits do not depend on being timed."""
    spec = make_spec(rollout={"horizon": horizon})
    policy, watch = make_policy(spec), ticking()
    timed = collect(spec, policy, 0, None, watch)
    assert watch.seconds == 2 + len(timed.rewards)
    assert dump(timed) == dump(collect(spec, policy, 0, None))


def test_an_evaluation_does_likewise(make_spec: Make, make_policy: MakePolicy) -> None:
    """As many steps as its longest episode."""
    spec = make_spec()
    policy, watch = make_policy(spec), ticking()
    timed = evaluate(spec, policy, watch)
    assert watch.seconds == 3 + timed.lengths.max()
    assert dump(timed) == dump(evaluate(spec, policy))
