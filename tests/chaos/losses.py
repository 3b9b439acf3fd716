"""What a broker or a store that is down can lose of what it had acknowledged, done to its files."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from faastraingym.events.topology.streams import FACTS

MOST_CUT = 16 << 10  # bytes: some dozen facts


def store(home: Path) -> Path:
    """The store's data."""
    return home / "weed" / "data"


def copied(home: Path, copy: Path, server: psutil.Process) -> None:
    """Copy the store's data as a snapshot of its disk would be: it stands still meanwhile."""
    server.suspend()
    try:
        shutil.copytree(store(home), copy)
    finally:
        server.resume()


def rolled_back(home: Path, copy: Path) -> str:
    """Put the copy in the place of the store's data."""
    emptied(home)
    shutil.copytree(copy, store(home))
    return "as of before"


def emptied(home: Path) -> str:
    """Remove the store's data."""
    shutil.rmtree(store(home))
    return "all objects"


def cut(home: Path, draw: float) -> str:
    """Take bytes off the end of the newest block of facts; `draw` in [0, 1) says how many."""
    newest = max(blocks(home), key=lambda block: int(block.stem))
    size = newest.stat().st_size
    less = min(size, 1 + int(draw * MOST_CUT))
    os.truncate(newest, size - less)
    return f"{less:,} of {size:,} bytes of {newest.name}"


def blocks(home: Path) -> Iterator[Path]:
    """The files in which the broker keeps the facts."""
    return (home / "nats" / "store").glob(f"jetstream/*/streams/{FACTS.name}/msgs/*.blk")
