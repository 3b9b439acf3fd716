"""Convolutions as matrix products, for XLA on a CPU (ADR 75).

In the body of a loop, where every gradient step is, XLA's CPU backend calculates a convolution by
plain loops: 25 times as long as outside of one, and as this (jaxlib 0.10).
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

AT_ONCE = 8  # images, whose patches stay in the cache of a core


def convolve(
    images: jax.Array, kernel: jax.Array, strides: tuple[int, int], *_: Any, **__: Any
) -> jax.Array:
    """`jax.lax.conv_general_dilated` as `flax.linen.Conv` calls it for images without padding.

    A block is as many pixels as the stride has. In blocks the stride is 1, and a patch is a few
    slices: of 8x8 pixels with a stride of 4 there are 2x2 blocks. Patches are calculated again for
    the gradient, not kept: they take many times the memory of the images.

    Args:
        images: [B, H, W, C].
        kernel: [K, L, C, F].
        strides: pixels between two patches, down and across.

    Returns:
        [B, (H - K) // stride + 1, (W - L) // stride + 1, F].
    """
    (down, across), (high, wide, channels, filters) = strides, kernel.shape
    rows, columns = (images.shape[1] - high) // down + 1, (images.shape[2] - wide) // across + 1
    tall, broad = -(-high // down), -(-wide // across)  # blocks of a patch
    matrix = _fitted(kernel, (0, 1), (tall * down, broad * across))
    matrix = matrix.reshape(tall, down, broad, across, channels, filters)
    matrix = matrix.transpose(0, 2, 1, 3, 4, 5).reshape(-1, filters)
    counts = rows + tall - 1, columns + broad - 1  # blocks of an image

    @jax.checkpoint  # type: ignore[untyped-decorator]
    def one(image: jax.Array) -> jax.Array:
        blocks = image.reshape(counts[0], down, counts[1], across, channels)
        blocks = blocks.transpose(0, 2, 1, 3, 4).reshape(*counts, -1)
        patches = [blocks[i : i + rows, j : j + columns] for i in range(tall) for j in range(broad)]
        return jnp.concatenate(patches, axis=-1) @ matrix

    whole = _fitted(images, (1, 2), (counts[0] * down, counts[1] * across))
    return lax.map(one, whole, batch_size=AT_ONCE)


def _fitted(array: jax.Array, axes: tuple[int, int], sizes: tuple[int, int]) -> jax.Array:
    """Zeros after it, or cut off, so that it has these sizes."""
    for axis, size in zip(axes, sizes, strict=True):
        missing = max(0, size - array.shape[axis])
        padded = jnp.pad(array, [(0, missing * (i == axis)) for i in range(array.ndim)])
        array = lax.slice_in_dim(padded, 0, size, axis=axis)
    return array
