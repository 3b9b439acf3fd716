"""What a peer is to solve; it travels to the peer's own interpreter as JSON."""

from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An environment with a target, and a peer's settings."""

    algorithm: str  # the peer's class, as PPO
    environment: str
    target: float  # mean return of an evaluation
    budget: int  # environment steps, over which schedules anneal
    evaluate_every: int  # steps
    episodes: int = 20  # of an evaluation
    num_envs: int
    settings: dict[str, Any]  # of the class; "lin_0.001" falls to 0 at the end of the budget
