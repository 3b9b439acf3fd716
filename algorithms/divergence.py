"""An update that diverged fails its run, before anything acts by it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from faastraingym.schemas.errors import RunFault


def refuse(version: int, results: Mapping[str, Any]) -> None:
    """Check the metrics and parameters, by name, that the update of `version` gave.

    Raises:
        RunFault: one is not finite.
    """
    for name, value in results.items():
        if not np.isfinite(value).all():
            raise RunFault(
                f"the update of version {version} diverged: {name} is not finite; lower "
                "algorithm.learning_rate or algorithm.max_grad_norm, or scale the rewards"
            )
