import math

import pytest
from jax.scipy.special import betainc

from benchmarks.intervals import QUANTILES, of_mean


def test_the_interval_is_student_s() -> None:
    """Its half width is t(0.975, n - 1) s / sqrt(n); here s^2 = 8.5 and t = 2.776."""
    mean, half = of_mean([9.0, 11.0, 10.0, 14.0, 6.0])
    assert mean == 10.0
    assert half == pytest.approx(2.776 * math.sqrt(8.5 / 5), rel=1e-6)


def test_the_quantiles_are_those_of_one_degree_of_freedom_and_more() -> None:
    """P(T <= t) = 1 - I(n / (n + t^2); n / 2, 1 / 2) / 2 for n degrees of freedom."""
    for freedom, t in enumerate(QUANTILES, start=1):
        below = 1.0 - float(betainc(freedom / 2, 0.5, freedom / (freedom + t * t))) / 2
        assert below == pytest.approx(0.975, abs=1e-4), freedom
    assert freedom == 19


def test_one_value_knows_no_interval() -> None:
    mean, half = of_mean([3.0])
    assert mean == 3.0
    assert math.isnan(half)
