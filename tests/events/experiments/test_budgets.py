"""What a budget admits, and in which words it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.experiments.budgets import Use, refusal
from faastraingym.schemas.experiment import Budget

TRIAL = Use(runs=3, env_steps=3_000)  # of three seeds


@pytest.mark.parametrize(
    ("budget", "used", "needed", "words"),
    [
        (Budget(), Use(10**6, 10**12, 1e9), TRIAL, None),
        (Budget(runs=9), Use(6, 0), TRIAL, None),
        (
            Budget(runs=8),
            Use(6, 0),
            TRIAL,
            "budget.runs: 6 of 8 runs are used, 3 more do not fit",
        ),
        (Budget(runs=8), Use(8, 0), Use(0, 9_000), None),  # a trial goes on: no run begins
        (Budget(env_steps=10_000), Use(6, 7_000), TRIAL, None),
        (
            Budget(env_steps=10_000),
            Use(6, 7_001),
            TRIAL,
            "budget.env_steps: 7,001 of 10,000 environment steps are used, 3,000 more do not fit",
        ),
        (Budget(gb_seconds=50.0), Use(6, 0, 49.9), TRIAL, None),
        (
            Budget(gb_seconds=50.0),
            Use(6, 0, 1250.04),
            TRIAL,
            "budget.gb_seconds: 1,250.0 of 50.0 GB-seconds are used",
        ),
    ],
)
def test_nothing_begins_that_does_not_fit(
    budget: Budget, used: Use, needed: Use, words: str | None
) -> None:
    assert refusal(budget, used, needed) == words


@given(
    st.integers(1, 50),
    st.integers(1, 10_000),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 900)), max_size=60),
)
def test_runs_and_steps_never_exceed_the_budget(
    runs: int, env_steps: int, wanted: list[tuple[int, int]]
) -> None:
    budget, used = Budget(runs=runs, env_steps=env_steps), Use(0, 0)
    for each in wanted:
        if refusal(budget, used, Use(*each)) is None:
            used = Use(used.runs + each[0], used.env_steps + each[1])
    assert used.runs <= runs
    assert used.env_steps <= env_steps
