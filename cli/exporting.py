"""A run as one .npz file that NumPy alone can read."""

import io
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from faastraingym.cli.errors import BadInput
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.report import RunReport


def arrays(policy: Policy, report: RunReport) -> dict[str, np.ndarray]:
    """Everything of a run as plain arrays, by path; the report is a text array of JSON."""
    found = dict(policy.parameters)
    if policy.statistics is not None:
        found |= {
            "statistics/count": np.array(policy.statistics.count),
            "statistics/mean": policy.statistics.mean,
            "statistics/m2": policy.statistics.m2,
        }
    found["report"] = np.array(msgspec.json.encode(report).decode())
    return found


def dump(found: dict[str, np.ndarray]) -> bytes:
    """The file's bytes; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    members: dict[str, Any] = dict(found)
    np.savez(buffer, allow_pickle=False, **members)
    return buffer.getvalue()


def check(path: Path) -> Path:
    """`path`, when a file can be made there.

    Raises:
        BadInput: another suffix, or no such folder.
    """
    if path.suffix != ".npz":
        raise BadInput(f"{path}: an export is a NumPy file; give it the suffix .npz")
    return in_folder(path)


def in_folder(path: Path) -> Path:
    """`path`, when its folder is there.

    Raises:
        BadInput: it is not.
    """
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}; make it first")
    return path


def write(path: Path, data: bytes) -> None:
    """Write the file whole or not at all.

    Raises:
        BadInput: it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written: {error.strerror}; choose another") from error
