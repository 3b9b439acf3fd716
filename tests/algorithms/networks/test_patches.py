"""A convolution of patches beside XLA's own: maps, and gradients of images and kernels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from faastraingym.algorithms.networks.patches import AT_ONCE, convolve

LAYOUT = ("NHWC", "HWIO", "NHWC")


def xla(images: jax.Array, kernel: jax.Array, strides: tuple[int, int]) -> jax.Array:
    return lax.conv_general_dilated(images, kernel, strides, "VALID", dimension_numbers=LAYOUT)


def test_a_patch_is_multiplied_by_the_kernel() -> None:
    image = jnp.arange(12.0).reshape(1, 3, 4, 1)
    kernel = jnp.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(2, 2, 1, 1)
    found = convolve(image, kernel, (1, 2))
    assert found.tolist() == [[[[5410.0], [7632.0]], [[9854.0], [12076.0]]]]


@pytest.mark.parametrize("batch", [1, AT_ONCE, 2 * AT_ONCE + 3])
@pytest.mark.parametrize(
    ("shape", "kernel", "strides"),
    [
        ((20, 23, 4), (8, 8, 4, 5), (4, 4)),
        ((9, 9, 3), (4, 4, 3, 6), (2, 2)),
        ((5, 7, 2), (3, 3, 2, 4), (1, 1)),
        ((6, 9, 1), (2, 5, 1, 3), (3, 2)),
        ((3, 3, 2), (3, 3, 2, 4), (1, 1)),
    ],
)
def test_maps_and_gradients_are_those_of_xla(
    batch: int, shape: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, int]
) -> None:
    random = np.random.default_rng(7)
    images, weights = random.normal(size=(batch, *shape)), random.normal(size=kernel)
    ours, theirs = (
        jax.jit(jax.value_and_grad(lambda x, w, f=f: jnp.sin(f(x, w, strides)).sum(), (0, 1)))(
            images.astype(np.float32), weights.astype(np.float32)
        )
        for f in (convolve, xla)
    )
    assert convolve(images, weights, strides).shape == xla(images, weights, strides).shape
    for found, expected in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)
