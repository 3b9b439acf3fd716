"""Samples of a recurrent policy: whole sequences, one of each environment, with their memories."""

import jax
import jax.numpy as jnp
import numpy as np

from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.batches import Batch
from faastraingym.algorithms.actor_critic.networks import Architecture, Parameters

Samples = dict[str, jax.Array]  # [N, ...] each; of a recurrent policy [N, T, ...]


def units(batch: Batch) -> np.ndarray:
    """Which of the samples that minibatches are dealt from are valid: [T, B] steps, or [B]."""
    return batch.valid if batch.memory is None else np.asarray(batch.valid.any(axis=0))


def dealt(
    architecture: Architecture, steps: Samples, memory: jax.Array | None, size: int
) -> Samples:
    """`size` samples of the `steps`, [T, B, ...] each: all of them, or sequences by environment.

    Those beyond are zero (so: not valid). The first steps of a sequence, by which its memory is
    made anew, are `kept` in it, and not valid.
    """
    cell = architecture.recurrent
    if cell is None or memory is None:
        return {
            name: _padded(values.reshape(-1, *values.shape[2:]), size)
            for name, values in steps.items()
        }
    learnt = jnp.arange(len(steps["valid"]))[:, None] >= cell.burn_in
    steps = {**steps, "kept": steps["valid"], "valid": steps["valid"] & learnt}
    sequences = {name: jnp.swapaxes(values, 0, 1) for name, values in steps.items()}
    return {k: _padded(v, size) for k, v in {**sequences, "memory": memory}.items()}


def recalled(architecture: Architecture, parameters: Parameters, samples: Samples) -> Samples:
    """Steps as they are; sequences as steps, [N T, ...], with what is `remembered` in each."""
    if "memory" not in samples:
        return samples
    seen, kept = (jnp.swapaxes(samples[name], 0, 1) for name in ("observations", "kept"))
    found = networks.remembered(architecture, parameters, seen, samples["memory"], kept)
    steps = {name: values for name, values in samples.items() if name != "memory"}
    steps["remembered"] = jnp.swapaxes(found, 0, 1)
    return {name: values.reshape(-1, *values.shape[2:]) for name, values in steps.items()}


def _padded(array: jax.Array, size: int) -> jax.Array:
    return jnp.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1))
