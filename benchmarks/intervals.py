"""How well a few repetitions know their mean: Student's interval of 95 %."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# The 0.975 quantiles of Student's t for 1 to 19 degrees of freedom; more are taken as 19, which
# gives a slightly wide interval.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201)
QUANTILES += (2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093)


class Interval(NamedTuple):
    """The mean, and how far the interval reaches on either side; of one value NaN."""

    mean: float
    half_width: float


def of_mean(values: Sequence[float]) -> Interval:
    """The mean of independent repetitions, one at least."""
    count = len(values)
    if count < 2:
        return Interval(float(values[0]), math.nan)
    quantile = QUANTILES[min(count - 1, len(QUANTILES)) - 1]
    deviation = float(np.std(values, ddof=1))
    return Interval(float(np.mean(values)), quantile * deviation / math.sqrt(count))
