"""Films of the episodes that an evaluation is asked to record.

They are made when all episodes are played, from environments of their own, and prove nothing: where
one cannot be made, the evaluation is as good, and says why it has fewer.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faastraingym.adapters import films
from faastraingym.algorithms.actors.evaluation_pieces import Recorded
from faastraingym.algorithms.actors.filming import Camera, Script
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.events.ports import ObjectStore
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EvaluatePolicy
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import EnvironmentSpec

SECONDS = 80.0  # after the work on a piece began: before exec_timeout, however long playing took
GIF_PIXELS = 48_000_000  # of one; Pillow holds all its frames, a byte each


class TookTooLong(Exception):  # noqa: N818  the condition's own name
    """The time for films is over."""


class Film(NamedTuple):
    """A film, in no store yet."""

    episode: int
    suffix: str
    data: bytes


async def record(
    command: EvaluatePolicy,
    environment: EnvironmentSpec,
    scripts: Sequence[Script],
    objects: ObjectStore,
    began: float,
) -> Recorded:
    """Film the episodes of a piece and store the films, as many as there is time for.

    Args:
        command: that asks for the piece.
        environment: of the run.
        scripts: of the episodes, in order.
        objects: has the films then.
        began: a reading of `time.monotonic`, when the work on the piece began.
    """
    stored: list[ObjectRef] = []
    for script in scripts:
        try:
            film = await asyncio.to_thread(_film, environment, script, began + SECONDS)
        except (EnvironmentFailed, TookTooLong, OSError, RuntimeError, ValueError) as error:
            return Recorded(stored, f"episode {script.episode} was not filmed: {error}")
        key = keys.recording(command.run, command.version, film.episode, film.suffix)
        stored.append(await objects.put(key, film.data, films.KINDS[film.suffix]))
    return Recorded(stored)


def _film(environment: EnvironmentSpec, script: Script, until: float) -> Film:
    """Raises EnvironmentFailed, TookTooLong; OSError, RuntimeError, ValueError: the encoder's."""
    suffix, camera = films.best(), Camera(environment, script)
    pixels = GIF_PIXELS if suffix == ".gif" else None
    frames = _in_time(camera.frames(films.MAX_FRAMES, pixels), until, script)
    with tempfile.TemporaryDirectory(prefix="ftg-film-") as folder:
        file = Path(folder, f"film{suffix}")
        films.write(frames, camera.fps or films.FPS, file)
        return Film(script.episode, suffix, file.read_bytes())


def _in_time(frames: Iterator[np.ndarray], until: float, script: Script) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame
        if time.monotonic() > until:
            raise TookTooLong(
                f"its {len(script.actions):,} steps could not be drawn in the time that a function "
                "has; evaluate by more workers, or record fewer episodes"
            )
