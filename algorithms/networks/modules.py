"""A network in Flax, as learners differentiate it."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.networks.description import Trunk

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class TrunkModule(nn.Module):  # type: ignore[misc]
    """A network without its heads, whose parameters are beside theirs."""

    trunk: Trunk
    kernel_init: nn.initializers.Initializer

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, observations: jax.Array) -> jax.Array:
        """[..., O] -> [..., H]."""
        x = observations
        for i, size in enumerate(self.trunk.hidden_sizes):
            dense = nn.Dense(size, kernel_init=self.kernel_init, name=f"layer_{i}")
            x = ACTIVATIONS[self.trunk.activation](dense(x))
        return x


class Head(nn.Module):  # type: ignore[misc]
    """One linear layer; `log_std_init`: beside it a log_std of actions, whatever the state."""

    outputs: int
    kernel_init: nn.initializers.Initializer
    log_std_init: float | None = None
    layer: str = "head"

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, features: jax.Array) -> jax.Array:
        """[..., H] -> [..., outputs]."""
        if self.log_std_init is not None:
            initial = nn.initializers.constant(self.log_std_init)
            self.param("log_std", initial, (self.outputs,))
        return nn.Dense(self.outputs, kernel_init=self.kernel_init, name=self.layer)(features)
