"""The profile: medians over iterations."""

import pytest

from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import Iteration, iterations
from faastraingym.events.views.profile import Profile, profile, typical
from tests.events.traced import SAID, USAGE


def found(count: int = 2) -> Profile:
    all_visits = invocations(SAID, USAGE)
    return profile("r", iterations(SAID, all_visits)[:count], all_visits)


def test_one_iteration_in_numbers() -> None:
    """Shares add up to the whole; work is environment, policy, rewards and update."""
    told = found(1)
    assert (told.first, told.last, told.iterations, told.median_ms) == (0, 1, 1, 100.0)
    assert told.overhead == pytest.approx(1 - (3 + 1 + 40) / 100)
    assert sum(row.share for row in told.kinds) == pytest.approx(1)
    assert sum(row.median_ms for row in told.kinds) == pytest.approx(100)
    steps = {row.step: (row.before_ms, row.function_ms) for row in told.path}
    assert steps == {
        "sending": (0, 4),
        "rollout": (18, 8),
        "aggregate-rewards": (3, 7),
        "plan-update": (3, 4),
        "update-policy": (0, 53),
    }


def test_medians_and_longest_of_several() -> None:
    """What all replicas did counts, not only what the end waited for."""
    told = found()
    update = next(row for row in told.kinds if row.kind == "update")
    assert (update.median_ms, update.max_ms) == (27.5, 40.0)
    environment = next(row for row in told.kinds if row.kind == "environment")
    assert environment.all_replicas_ms == pytest.approx((3 + 15) / 2)
    assert (told.median_ms, told.max_ms) == (80.0, 100.0)


def test_the_typical_iteration_has_the_median_length() -> None:
    """Not the first, which compiles, nor a straggler."""
    lengths = [9.0, 1.0, 2.0, 3.0, 8.0]
    assert typical([Iteration(i, 0.0, length, ()) for i, length in enumerate(lengths)]) == 3
