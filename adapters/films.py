"""Pictures of an episode in a file: .gif by Pillow, .mp4 by FFmpeg where that is installed."""

from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np

FPS = 30  # of an environment that does not tell its own
MAX_FRAMES = 10_000
KINDS = {".gif": "image/gif", ".mp4": "video/mp4"}  # by suffix


def has_ffmpeg() -> bool:
    """Whether .mp4 files can be written."""
    return find_spec("imageio_ffmpeg") is not None


def best() -> str:
    """The suffix of what is written where nobody names one: .mp4 if it can be."""
    return ".mp4" if has_ffmpeg() else ".gif"


def write(frames: Iterator[np.ndarray], fps: int, file: Path) -> None:
    """Write frames, [H, W, 3] uint8 each, one at the least; they are asked for one by one.

    Raises:
        OSError: the file cannot be written, or FFmpeg ended.
    """
    writers = {".gif": _gif, ".mp4": _mp4}
    writers[file.suffix](frames, fps, file)


def _gif(frames: Iterator[np.ndarray], fps: int, file: Path) -> None:
    from PIL import Image

    pictures = map(Image.fromarray, frames)
    next(pictures).save(
        file, save_all=True, append_images=pictures, duration=round(1000 / fps), loop=0
    )


def _mp4(frames: Iterator[np.ndarray], fps: int, file: Path) -> None:
    from imageio_ffmpeg import write_frames

    first = next(frames)
    height, width, _ = first.shape
    # one thread: a function has one core, and every further one of FFmpeg's takes memory
    how = {"macro_block_size": 2, "output_params": ["-threads", "1"]}
    writer = write_frames(str(file), (width, height), fps=fps, **how)
    with closing(writer):
        writer.send(None)
        for frame in chain([first], frames):
            writer.send(np.ascontiguousarray(frame))
