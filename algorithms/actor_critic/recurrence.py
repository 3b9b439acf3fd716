"""Recurrent policies in JAX: the cell of `cells`, unrolled over the steps of sequences."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.cells import GATES
from faastraingym.schemas.specification import RecurrentSpec


class Cell(nn.Module):  # type: ignore[misc]
    """An LSTM or a GRU; every gate begins with orthogonal kernels."""

    settings: RecurrentSpec

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, x: jax.Array, memory: jax.Array, kept: jax.Array) -> jax.Array:
        """The outputs, [T, B, H], of inputs [T, B, I] and the memory before them, [B, M].

        Where `kept`, [T, B] bool, is false, the memory is 0 after that step. Gradients go back to
        the end of `burn_in`, and not into the steps before it.
        """
        gates = GATES[self.settings.cell]
        read = _Gates(self.settings.size, gates, name="inputs")(x.shape[-1])
        hidden = _Gates(self.settings.size, gates, name="hidden")(self.settings.size)
        projected = x @ read[0] + read[1]  # of all steps at once
        before = min(self.settings.burn_in, len(x))
        outputs = []
        for part in (slice(0, before), slice(before, None)):
            memory, seen = self._unrolled(hidden, projected[part], memory, kept[part])
            memory = jax.lax.stop_gradient(memory)
            outputs.append(seen)
        return jnp.concatenate(outputs)

    def _unrolled(
        self, hidden: "Dense", projected: jax.Array, memory: jax.Array, kept: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        step = lstm if self.settings.cell == "lstm" else gru

        def forward(before: jax.Array, inputs: tuple[jax.Array, ...]) -> tuple[jax.Array, Any]:
            after = step(hidden, inputs[0], before)
            keep = inputs[1][:, None]
            return jnp.where(keep, after, 0.0), after[:, : self.settings.size]

        after, outputs = jax.lax.scan(forward, memory, (projected, kept))
        return after, outputs


Dense = tuple[jax.Array, jax.Array]  # kernel and bias


class _Gates(nn.Module):  # type: ignore[misc]
    """The kernel and the bias of all gates side by side."""

    size: int
    gates: int

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, inputs: int) -> Dense:
        def kernels(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
            each = (shape[0], self.size)
            keys = jax.random.split(key, self.gates)
            return jnp.concatenate([nn.initializers.orthogonal()(k, each) for k in keys], axis=1)

        width = self.size * self.gates
        kernel = self.param("kernel", kernels, (inputs, width))
        return kernel, self.param("bias", nn.initializers.zeros, (width,))


def lstm(hidden: Dense, projected: jax.Array, memory: jax.Array) -> jax.Array:
    """The memory after one step, [B, 2 H], as of `cells`."""
    h, inner = jnp.split(memory, 2, axis=-1)
    gates = jnp.split(projected + h @ hidden[0] + hidden[1], 4, axis=-1)
    i, f, o = (jax.nn.sigmoid(gate) for gate in gates[:3])
    inner = f * inner + i * jnp.tanh(gates[3])
    return jnp.concatenate([o * jnp.tanh(inner), inner], axis=-1)


def gru(hidden: Dense, projected: jax.Array, memory: jax.Array) -> jax.Array:
    """The memory after one step, [B, H], as of `cells`."""
    r, z, new = jnp.split(projected, 3, axis=-1)
    from_r, from_z, from_new = jnp.split(memory @ hidden[0] + hidden[1], 3, axis=-1)
    r, z = jax.nn.sigmoid(r + from_r), jax.nn.sigmoid(z + from_z)
    new = jnp.tanh(new + r * from_new)
    return new + z * (memory - new)
