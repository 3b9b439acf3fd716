"""Which samples make which minibatch.

Chosen in NumPy, for XLA on a CPU takes many times as long to sort.
"""

import numpy as np


def shuffled(
    generator: np.random.Generator, valid: np.ndarray, num_minibatches: int, epochs: int
) -> np.ndarray:
    """Indices of the shuffled samples, [epochs, num_minibatches, N / num_minibatches] int32.

    In each epoch they are given out one by one, the valid ones first, so that every minibatch has
    as many of them as any other, or one fewer.

    Args:
        generator: what the permutations derive from.
        valid: which samples count, [T, B] bool. N is T x B, rounded up to a multiple of the number
            of minibatches by samples that do not.
        num_minibatches: of an epoch.
        epochs: passes over the samples, each shuffled anew.
    """
    counts = np.pad(valid.ravel(), (0, -valid.size % num_minibatches))
    indices = np.empty((epochs, num_minibatches, len(counts) // num_minibatches), np.int32)
    for epoch in indices:
        order = generator.permutation(len(counts))
        chosen = counts[order]
        ordered = np.concatenate([order[chosen], order[~chosen]])
        epoch[...] = ordered.reshape(-1, num_minibatches).T
    return indices
