"""One gradient step on the whole batch, for actor-critics whose data serve one step alone."""

from functools import partial
from typing import Any

import numpy as np
import optax

EPSILON = 1e-5  # within the root, as in the paper and in Stable-Baselines3's RMSpropTFLike


def optimizer(settings: Any) -> optax.GradientTransformation:
    """RMSProp, or Adam, behind a global norm clip; scaled by the annealed learning rate later."""
    scale: Any = {
        "rmsprop": partial(optax.scale_by_rms, decay=0.99, eps=EPSILON, initial_scale=1.0),
        "adam": partial(optax.scale_by_adam, eps=EPSILON),
    }
    clip = optax.clip_by_global_norm(settings.max_grad_norm)
    return optax.chain(clip, scale[settings.optimizer]())


def whole_batch(settings: Any, generator: np.random.Generator, valid: np.ndarray) -> np.ndarray:
    """All samples in one minibatch, [1, 1, T x B] int32."""
    return np.arange(valid.size, dtype=np.int32).reshape(1, 1, -1)
