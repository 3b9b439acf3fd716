"""A network in Flax, as learners differentiate it."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.initializers import Initializer

from faastraingym.algorithms.networks.description import Encoder, Trunk
from faastraingym.algorithms.networks.patches import convolve

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class TrunkModule(nn.Module):  # type: ignore[misc]
    """A network without its heads, whose parameters are beside theirs."""

    trunk: Trunk
    kernel_init: Initializer

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, observations: jax.Array) -> jax.Array:
        """[..., O] -> [..., H]; bytes only where there are encoders."""
        x, (sizes, activation, layer_norm, encoders) = observations, self.trunk
        if encoders:
            parts = (
                EncoderModule(encoder, layer_norm, self.kernel_init, name=f"encoder_{i}")(x)
                for i, encoder in enumerate(encoders)
            )
            x = jnp.concatenate(list(parts), axis=-1)
        return _layers(sizes, activation, layer_norm, self.kernel_init, x)


class EncoderModule(nn.Module):  # type: ignore[misc]
    """One part of the observations, encoded."""

    encoder: Encoder
    layer_norm: bool
    kernel_init: Initializer

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, observations: jax.Array) -> jax.Array:
        """[..., O] -> [..., numbers of this part]."""
        of, part = self.encoder, self.encoder.part
        x = observations[..., part.start : part.start + part.size].astype(jnp.float32)
        if not of.hidden_sizes:
            return x
        if part.scale != 1.0:
            x = x * jnp.float32(part.scale)
        leading = x.shape[:-1]
        if of.convolutions:
            on_cpu = jax.default_backend() == "cpu"
            x = x.reshape(-1, *part.shape).transpose(0, *(1 + axis for axis in of.axes))
            x = x.reshape(-1, *of.image)
            for i, (filters, kernel, stride) in enumerate(of.convolutions):
                x = nn.relu(
                    nn.Conv(
                        filters,
                        (kernel, kernel),
                        (stride, stride),
                        "VALID",
                        kernel_init=self.kernel_init,
                        conv_general_dilated=convolve if on_cpu else None,
                        name=f"conv_{i}",
                    )(x)
                )
            x = x.reshape(*leading, of.flat_size)
        return _layers(of.hidden_sizes, of.activation, self.layer_norm, self.kernel_init, x)


class Head(nn.Module):  # type: ignore[misc]
    """One linear layer; `log_std_init`: beside it a log_std of actions, the same in all states."""

    outputs: int
    kernel_init: Initializer
    log_std_init: float | None = None
    layer: str = "head"

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, features: jax.Array) -> jax.Array:
        """[..., H] -> [..., outputs]."""
        if self.log_std_init is not None:
            initial = nn.initializers.constant(self.log_std_init)
            self.param("log_std", initial, (self.outputs,))
        return nn.Dense(self.outputs, kernel_init=self.kernel_init, name=self.layer)(features)


def _layers(
    sizes: tuple[int, ...],
    activation: str,
    layer_norm: bool,
    kernel_init: Initializer,
    x: jax.Array,
) -> jax.Array:
    """Dense layers of the module that calls this."""
    for i, size in enumerate(sizes):
        x = nn.Dense(size, kernel_init=kernel_init, name=f"layer_{i}")(x)
        if layer_norm:
            x = nn.LayerNorm(use_fast_variance=False, name=f"norm_{i}")(x)
        x = ACTIVATIONS[activation](x)
    return x
