"""What the functions of a run may have of memory."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bytes; 0: nobody tells."""

    rollout: int = 0
    learner: int = 0


NOT_TOLD = Limits()
