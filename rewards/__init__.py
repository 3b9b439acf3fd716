"""For the author of a reward function: what is asked is verified and read, what is answered packed.

    from faastraingym.rewards import Batch, function

    @function
    def handle(batch: Batch) -> list[np.ndarray]:
        return [1.0 - abs(t.observations[1:, :, 0]) for t in batch.trajectories]

It imports NumPy, msgspec and msgpack, and nothing else of FaaSTrainGym but `schemas`
(docs/reward_functions.md).
"""

from faastraingym.rewards.function import Batch, function
from faastraingym.rewards.reading import Unreadable, read
from faastraingym.rewards.signature import Unsigned, verify
from faastraingym.schemas.payloads import Trajectory

__all__ = ["Batch", "Trajectory", "Unreadable", "Unsigned", "function", "read", "verify"]
