"""From repeated measurements to the numbers in the table."""

from collections.abc import Sequence

import numpy as np


def percentile(values: Sequence[float], q: float) -> float:
    """The q-th percentile (0 to 100), linear between neighbours."""
    return float(np.percentile(values, q))


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return percentile(values, 50)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Each repetition's own ratio: what a busy machine does to both of a pair cancels."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]
