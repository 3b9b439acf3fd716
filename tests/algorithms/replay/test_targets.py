"""n-step returns: literal numbers, and a loop over one episode after the other beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.replay.targets import ahead

HALF = 0.5
CASES = {  # rewards 1, 2, 4: terminated, truncated, inside -> return, steps, discount
    "nothing ends": ([0, 0, 0], [0, 0, 0], [1, 1, 1], 1 + 1 + 1, 3, 0.125),
    "the first ends it": ([1, 0, 0], [0, 0, 0], [1, 1, 1], 1, 1, 0.0),
    "the second ends it": ([0, 1, 0], [0, 0, 0], [1, 1, 1], 1 + 1, 2, 0.0),
    "the last ends it": ([0, 0, 1], [0, 0, 0], [1, 1, 1], 1 + 1 + 1, 3, 0.0),
    "cut short after one": ([0, 0, 0], [1, 0, 0], [1, 1, 1], 1, 1, 0.5),
    "cut short after two": ([0, 0, 0], [0, 1, 0], [1, 1, 1], 1 + 1, 2, 0.25),
    "both at once": ([0, 1, 0], [0, 1, 0], [1, 1, 1], 1 + 1, 2, 0.0),
    "the next episode ends, too": ([0, 0, 1], [0, 1, 0], [1, 1, 1], 1 + 1, 2, 0.25),
    "the window ends": ([0, 0, 0], [0, 0, 0], [1, 1, 0], 1 + 1, 2, 0.25),
    "what is beyond ends": ([0, 0, 1], [0, 0, 0], [1, 1, 0], 1 + 1, 2, 0.25),
}


@pytest.mark.parametrize(
    ("terminated", "truncated", "inside", "returns", "steps", "discount"),
    CASES.values(),
    ids=CASES,
)
def test_a_return_stops_where_the_episode_does(
    terminated: list[int],
    truncated: list[int],
    inside: list[int],
    returns: float,
    steps: int,
    discount: float,
) -> None:
    """Only a termination ends all that follows; the discount is of the steps that were taken."""
    flags = (np.array(flag, np.bool_)[:, None] for flag in (terminated, truncated, inside))
    found = ahead(np.array([[1], [2], [4]], np.float32), *flags, HALF)
    assert (found.returns[0], found.steps[0], found.discounts[0]) == (returns, steps, discount)
    assert found.returns.dtype == found.discounts.dtype == np.float32


def by_hand(rewards: list[float], ends: list[str], gamma: float) -> tuple[float, int, float]:
    total = 0.0
    for step, (reward, end) in enumerate(zip(rewards, ends, strict=True)):
        total += gamma**step * reward
        if end:
            return total, step + 1, 0.0 if end == "terminated" else gamma ** (step + 1)
    return total, len(rewards), gamma ** len(rewards)


@given(
    st.lists(
        st.tuples(st.floats(-10, 10), st.sampled_from(["", "", "terminated", "truncated"])),
        min_size=1,
        max_size=9,
    ),
    st.floats(0, 1),
)
def test_any_episode_as_by_hand(steps: list[tuple[float, str]], gamma: float) -> None:
    rewards, ends = zip(*steps, strict=True)
    column = np.array(ends)[:, None]
    found = ahead(
        np.array(rewards, np.float32)[:, None],
        column == "terminated",
        column == "truncated",
        np.ones(column.shape, np.bool_),
        gamma,
    )
    returns, taken, discount = by_hand(list(rewards), list(ends), gamma)
    assert found.returns[0] == pytest.approx(returns, rel=1e-4, abs=1e-4)
    assert found.steps[0] == taken
    assert found.discounts[0] == pytest.approx(discount, rel=1e-4, abs=1e-30)


@given(st.integers(1, 8), st.floats(0.1, 1))
def test_n_steps_are_one_step_and_n_less_one_more(n: int, gamma: float) -> None:
    """G(n) = r + gamma G'(n - 1), where nothing ends."""
    rewards = np.arange(1, n + 2, dtype=np.float32)[:, None]
    nothing, everything = np.zeros_like(rewards, np.bool_), np.ones_like(rewards, np.bool_)
    whole = ahead(rewards, nothing, nothing, everything, gamma)
    rest = ahead(rewards[1:], nothing[1:], nothing[1:], everything[1:], gamma)
    assert whole.returns[0] == pytest.approx(1 + gamma * rest.returns[0], rel=1e-5)
    assert whole.discounts[0] == pytest.approx(gamma * rest.discounts[0], rel=1e-5)
