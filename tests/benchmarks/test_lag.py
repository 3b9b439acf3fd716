"""What the lag's benchmark compares."""

from benchmarks.lag import CASES, Turn, lagging, of_turns


def test_ratios_are_within_a_turn() -> None:
    rows = {
        row.what: row.samples for row in of_turns("x", [Turn(2.0, 3.0, 6.0), Turn(4.0, 4.0, 2.0)])
    }
    assert rows == {
        "x: lag 1 / lag 0": [1.5, 1.0],
        "x: lag 1 / plain loop": [0.5, 2.0],
        "x: lag 0": [2.0, 4.0],
        "x: lag 1": [3.0, 4.0],
    }


def test_only_the_lag_differs_and_updates_are_of_the_size_that_they_are_named_by() -> None:
    for what, spec in CASES.items():
        size = spec.rollout.count * spec.rollout.num_steps * spec.environment.num_envs
        assert what == f"{size:,}-step updates"
        assert (spec.rollout.max_policy_lag, lagging(spec).rollout.max_policy_lag) == (0, 1)
