"""Noise matrices as an actor draws and keeps them."""

import numpy as np

LEAST_VARIANCE = 1e-6  # of an action, also where all features are 0


class Matrices:
    """A matrix of each environment, drawn anew after so many steps; 0: never."""

    def __init__(self, log_std: np.ndarray, every: int) -> None:
        self.std = np.exp(log_std)  # [L, A]
        self.every = every
        self._held: np.ndarray | None = None  # [B, L, A] of the last step that was asked for
        self._left = 0  # steps for which it stays

    def steps(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """Those of the next `steps` steps, [T, B, L, A] float32.

        They go on where the last did; another number of environments begins anew.
        """
        if self._held is not None and len(self._held) != num_envs:
            self._held, self._left = None, 0
        if not self.every:
            if self._held is None:
                self._held = self._drawn(generator, 1, num_envs)[0]
            return np.broadcast_to(self._held, (steps, *self._held.shape))
        fresh = max(0, -(-(steps - self._left) // self.every))
        drawn = self._drawn(generator, fresh, num_envs)
        table = drawn if self._held is None else np.concatenate([self._held[None], drawn])
        last = len(table) - fresh  # the first of those that are drawn now
        which = last + (np.arange(steps) - self._left) // self.every
        if len(table):
            self._held, self._left = table[-1], (self._left - steps) % self.every
        return np.asarray(table[which])

    def _drawn(self, generator: np.random.Generator, count: int, num_envs: int) -> np.ndarray:
        normal = generator.standard_normal((count, num_envs, *self.std.shape))
        return np.asarray(normal.astype(np.float32) * self.std)


def noise(latent: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """z W of each environment, [B, A] float32, of features [B, L] and matrices [B, L, A]."""
    return np.asarray((latent[:, None, :] @ matrices)[:, 0])


def log_deviation(latent: np.ndarray, log_std: np.ndarray) -> np.ndarray:
    """The log deviation of z W, [..., A] float32, of features [..., L] and log_std [L, A]."""
    variance = np.square(latent) @ np.exp(2.0 * log_std) + np.float32(LEAST_VARIANCE)
    return np.asarray(0.5 * np.log(variance))
