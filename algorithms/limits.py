"""The memory limits of a run's functions."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bytes; 0: not set."""

    rollout: int = 0
    learner: int = 0


NOT_TOLD = Limits()
