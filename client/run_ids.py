"""Run ids: a DNS label, and so one NATS token and one folder of the object store."""

import re
from datetime import UTC, datetime
from pathlib import Path

from faastraingym.client.errors import BadInput
from faastraingym.schemas.references import REGISTRY, RUN_PATTERN

MAX_LENGTH = 63
EXAMPLE = "cartpole-20261122-171500-3fa2"


def derive(path: Path, at: float, salt: str, length: int = MAX_LENGTH) -> str:
    """`<file's stem>-<UTC date>-<time>-<salt>`, of `length` at most.

    `at` in Unix seconds, `salt` 4 hex digits.
    """
    suffix = f"-{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}-{salt}"
    return slug(path, max(0, length - len(suffix))) + suffix


def slug(path: Path, longest: int = MAX_LENGTH) -> str:
    """A file's stem, as a name of `longest` characters at most can have it."""
    stem = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    return stem[:longest].rstrip("-") or "run"


def check(run: str) -> str:
    """`run`, when it is a run's name.

    Raises:
        BadInput: it is not a DNS label, or the registry's.
    """
    if run == REGISTRY:
        raise BadInput(
            f"{run!r} is no run's name: facts of registered models have it; choose another"
        )
    if not is_one(run):
        raise BadInput(
            f"{run!r:.80} is no run's name; a name is 1 to {MAX_LENGTH} of a-z, 0-9 and '-', "
            f"not at its ends, as {EXAMPLE}"
        )
    return run


def is_one(text: str) -> bool:
    """Whether it could be a run's name."""
    return re.fullmatch(RUN_PATTERN, text) is not None and text != REGISTRY
