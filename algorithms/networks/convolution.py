"""Convolutions in NumPy: patches side by side in memory, and one matrix product of many of them.

A few images at a time, so that their patches stay in the cache of a core (ADR 56).
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

PATCH_BYTES = 1 << 20  # of the patches of one matrix product


def convolve(images: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """max(0, images * kernel + bias), without padding, as `flax.linen.Conv` and a rectifier.

    Args:
        images: [B, H, W, C] float32, contiguous.
        kernel: [K, K, C, F] float32; it is not flipped.
        bias: [F] float32.
        stride: pixels between two patches, in both directions.

    Returns:
        [B, (H - K) // stride + 1, (W - K) // stride + 1, F] float32.
    """
    patches, matrix = _patches(images, len(kernel), stride), kernel.reshape(-1, len(bias))
    batch, height, width = patches.shape[:3]
    maps = np.empty((batch, height, width, len(bias)), np.float32)
    rows = height * width
    together = max(1, PATCH_BYTES // (4 * rows * len(matrix)))
    for i in range(0, batch, together):
        some = patches[i : i + together]
        beside = some.reshape(len(some) * rows, len(matrix))  # copies: patches overlap
        np.matmul(beside, matrix, out=maps[i : i + together].reshape(len(beside), len(bias)))
    maps += bias
    return np.maximum(maps, 0.0, out=maps)


def _patches(images: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """A view of each patch, [B, H', W', K, K x C]: a row of one is contiguous in its image."""
    batch, height, width, channels = images.shape
    steps = ((side - kernel) // stride + 1 for side in (height, width))
    number = images.itemsize  # not by `strides`, which may be anything where there is one channel
    pixel = number * channels
    row = pixel * width
    return as_strided(
        images,
        (batch, *steps, kernel, kernel * channels),
        (row * height, stride * row, stride * pixel, row, number),
        writeable=False,
    )
