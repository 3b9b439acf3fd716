"""A token bucket for each caller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.http.rates import Rates


def test_as_many_as_a_second_brings_then_one_at_a_time() -> None:
    rates = Rates(2.0)
    assert [rates.take("ann", 0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert rates.take("ann", 0.25) == 0.25
    assert rates.take("ann", 0.5) == 0.0


def test_callers_do_not_share() -> None:
    rates = Rates(1.0)
    assert [rates.take(name, 0.0) for name in ("ann", "bob", "ann")] == [0.0, 0.0, 1.0]


def test_less_than_one_a_second_still_lets_the_first_pass() -> None:
    rates = Rates(0.5)
    assert [rates.take("ann", at) for at in (0.0, 1.0, 2.0)] == [0.0, 1.0, 0.0]


@given(st.lists(st.floats(0, 1, allow_subnormal=False), max_size=60), st.floats(0.5, 10))
def test_no_more_pass_than_a_full_bucket_and_what_flows_in(
    pauses: list[float], rate: float
) -> None:
    rates, now, passed = Rates(rate), 0.0, 0
    for pause in pauses:
        now += pause
        wait = rates.take("ann", now)
        passed += not wait
        assert wait == 0 or wait <= 1 / rate * (1 + 1e-9)
    assert passed <= max(rate, 1.0) + now * rate + 1e-6
    assert rates.take("bob", now) == pytest.approx(0.0)
