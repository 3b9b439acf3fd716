"""XLA's threads where environments are programs of JAX: their bits follow from the count."""

import os
from collections.abc import Mapping

from faastraingym.algorithms.environments import on_jax
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.specification import EnvironmentSpec

VARIABLE, THREADS = "NPROC", "1"


def check(environment: EnvironmentSpec, variables: Mapping[str, str] = os.environ) -> None:
    """Returns unless an environment on JAX would be stepped here by another number of threads.

    Raises:
        RunFault: it would.
    """
    found = variables.get(VARIABLE, "")
    if on_jax.is_one(environment) and found != THREADS:
        raise RunFault(
            f"{environment.id} runs on JAX, and this function with {VARIABLE}={found or 'unset'}, "
            f"by which its bits would differ; deploy rollout and evaluate with {VARIABLE}={THREADS}"
        )
