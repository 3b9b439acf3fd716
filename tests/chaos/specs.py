"""What runs under chaos: everything that a run remembers is in it, so that nothing counts twice."""

from typing import Any

from tests.stack.specs import LONG

# Running statistics of observations and of returns: merged twice, they would change every byte.
CHAOS: dict[str, Any] = {
    **LONG,
    "algorithm": {
        **LONG["algorithm"],
        "learning_rate_schedule": "linear",
        "normalize_observations": True,
    },
    "reward": [{"kind": "normalize"}],
    "evaluation": {"every": 10, "episodes": 2},
    "stop": {"env_steps": 7_000},  # some 110 iterations
}
