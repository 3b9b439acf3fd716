"""A curve in one line of text."""

import itertools
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """One block per value, or per mean of neighbours when there are more than `width`."""
    points = _shrink(values, width)
    if not points:
        return ""
    low, high = min(points), max(points)
    span = high - low
    if span <= 0:
        return BLOCKS[0] * len(points)
    return "".join(BLOCKS[round((p - low) / span * (len(BLOCKS) - 1))] for p in points)


def _shrink(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values, each the mean of one stretch of `values`."""
    count = min(width, len(values))
    edges = [i * len(values) // count for i in range(count + 1)] if count else []
    return [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
