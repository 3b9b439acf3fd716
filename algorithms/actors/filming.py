"""An episode of an evaluation, played again before a camera."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from faastraingym.algorithms.environments import snapshots
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.vectors import SeededEpisodes, Seeds
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Arrays
from faastraingym.schemas.specification import EnvironmentSpec

MODE = "rgb_array"  # of Gymnasium's rendering


class Script(NamedTuple):
    """What it takes to play an episode again, and what came of it."""

    episode: int
    seeds: Seeds
    place: int  # of its environment, among those that share the seeds
    begun: Arrays  # its state after the reset, where the seed alone does not tell; else empty
    actions: list[Any]  # as they were sent, a step each
    earned: float  # the return


class Camera:
    """An environment like that of the episode, which draws; closed after use.

    Raises:
        EnvironmentFailed: it cannot be built so.
    """

    def __init__(self, environment: EnvironmentSpec, script: Script) -> None:
        kwargs = {**environment.kwargs, "render_mode": MODE}
        drawn = replace(environment, kwargs=kwargs)
        self._made = SeededEpisodes(drawn, script.seeds, script.place)
        self._script, self._where = script, f"{environment.id}, episode {script.episode}"

    @property
    def fps(self) -> int:
        """Frames of a second; 0: the environment does not tell."""
        return int(self._made.metadata.get("render_fps") or 0)

    def frames(self, most: int, pixels: int | None = None) -> Iterator[np.ndarray]:
        """What each step looks like, [H, W, 3] uint8; of the first steps, if there are too many.

        Args:
            most: frames.
            pixels: of all frames, after which there is none any more; None: any number.

        Raises:
            EnvironmentFailed: it draws nothing, or another return came of the same actions.
        """
        earned, drawn = 0.0, 0
        with closing(self._made):
            self._begin()
            for t, action in enumerate(self._script.actions):
                goes_on = t < most and (pixels is None or drawn < pixels)
                with foreign(lambda: f"{self._where}, step {t}"):  # noqa: B023  called at once
                    self._made.step(action.copy())
                    picture = self._made.render() if goes_on else None
                earned += float(self._made.own_reward)
                if goes_on:
                    checked = self._checked(picture)
                    drawn += checked.shape[0] * checked.shape[1]
                    yield checked
        if earned != self._script.earned:
            raise EnvironmentFailed(
                f"{self._where}: played again, the same actions came to {earned:g} instead of "
                f"{self._script.earned:g}, so what was drawn is another episode"
            )

    def _begin(self) -> None:
        with foreign(f"{self._where}, before its first step"):
            self._made.reset()
            if self._script.begun:
                snapshots.put(self._made.unwrapped, self._script.begun)

    def _checked(self, picture: Any) -> np.ndarray:
        array = isinstance(picture, np.ndarray) and picture.ndim == 3
        if not array or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise EnvironmentFailed(f"{self._where}: draws no pictures")
        frame: np.ndarray = picture
        return frame


def draws_pictures(metadata: Any) -> bool:
    """Whether an environment with this metadata says that it can be drawn."""
    modes = metadata.get("render_modes") if isinstance(metadata, dict) else None
    return isinstance(modes, list | tuple) and MODE in modes
