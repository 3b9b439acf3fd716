"""The noise of episodes whose actions are drawn: the same of an episode on every worker."""

from collections.abc import Callable

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.api import Actor

BLOCK = 64  # steps whose noise is drawn at once


class Draws:
    """Noise of the episodes that a chunk plays together, asked for step by step.

    An episode's generator derives from the run's seed, the policy's version and the episode's
    number. It has an actor of its own, as one may keep noise from one step to the next.
    """

    def __init__(
        self, actor: Callable[[], Actor], run_seed: int, version: int, episodes: range
    ) -> None:
        self._sources = [
            (actor(), seeding.generator(run_seed, "evaluation actions", version, episode))
            for episode in episodes
        ]
        self._block = np.empty(0)

    def at(self, step: int) -> np.ndarray:
        """The noise of a step, [B, ...]; steps are asked for in order, from 0."""
        if step % BLOCK == 0:
            each = [actor.noise(generator, BLOCK, 1) for actor, generator in self._sources]
            self._block = np.concatenate(each, axis=1)
        noise: np.ndarray = self._block[step % BLOCK]
        return noise
