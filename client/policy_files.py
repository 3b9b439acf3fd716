"""A policy in one .npz file: its arrays, the spaces that it acts in, and its run's report."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.client import files
from faastraingym.client.errors import BadInput
from faastraingym.schemas.payloads import Policy, Statistics
from faastraingym.schemas.report import RunReport

UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    msgspec.MsgspecError,
    zipfile.BadZipFile,
)
SPACES, STATISTICS, REPORT = "spaces/", "statistics/", "report"
LEAVES = "leaves"  # of SpaceInfo


class PolicyFile(NamedTuple):
    """What a file has."""

    policy: Policy
    report: RunReport
    spaces: SpaceInfo | None  # None: the machine that wrote the file could not build them


def target(path: Path) -> Path:
    """`path`, where a policy's file can be written.

    Raises:
        BadInput: it cannot, or has another suffix.
    """
    if path.suffix != ".npz":
        raise BadInput(f"{path}: a policy is a NumPy file; give it the suffix .npz")
    return files.in_folder(path)


def space_info(values: Any) -> SpaceInfo | None:
    """From plain data: a sequence in the order of its fields, or a table."""
    if values is None:
        return None
    if isinstance(values, dict):
        defaults = SpaceInfo._field_defaults
        values = [values.get(name, defaults.get(name)) for name in SpaceInfo._fields]
    return msgspec.convert(values, SpaceInfo)


def arrays(policy: Policy, report: RunReport, spaces: SpaceInfo | None) -> dict[str, np.ndarray]:
    """All of it as plain arrays by path; the report is a text array of JSON."""
    found = dict(policy.parameters)
    if policy.statistics is not None:
        fields = msgspec.structs.asdict(policy.statistics).items()
        found |= {STATISTICS + name: np.array(value) for name, value in fields}
    known = spaces._asdict() if spaces else {}
    if known:  # of unlike lengths, so as a text of JSON
        known[LEAVES] = msgspec.json.encode(known[LEAVES]).decode()
    found |= {SPACES + name: np.array(value) for name, value in known.items() if value is not None}
    found[REPORT] = np.array(msgspec.json.encode(report).decode())
    return found


def dump(found: Mapping[str, np.ndarray]) -> bytes:
    """The file's bytes; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    members: dict[str, Any] = dict(found)
    np.savez(buffer, allow_pickle=False, **members)
    return buffer.getvalue()


def read(path: Path) -> PolicyFile:
    """The policy in a file.

    Raises:
        BadInput: no such file, or it holds no policy of ours.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):  # NumPy would advise to unpickle it
                raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as data:
            members = {name: data[name] for name in data.files}
        report = msgspec.json.decode(str(members.pop(REPORT)), type=RunReport)
        spaces = _part(members, SPACES)
        statistics = _part(members, STATISTICS)
        moments = Statistics(**statistics) if statistics else None
        version = report.policy.version if report.policy else report.versions
        policy = Policy(version=version, parameters=members, statistics=moments)
        known = {name: value.tolist() for name, value in spaces.items()}
        if LEAVES in known:
            known[LEAVES] = msgspec.json.decode(known[LEAVES])
        return PolicyFile(policy, report, space_info(known) if known else None)
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read: {error.strerror or error}; name a policy.npz, "
            "its folder, or a run"
        ) from error
    except UNREADABLE as error:
        raise BadInput(
            f"{path}: holds no policy ({type(error).__name__}: {error}); `faastrain export` writes "
            "one"
        ) from error


def _part(members: dict[str, np.ndarray], prefix: str) -> dict[str, Any]:
    names = [name for name in members if name.startswith(prefix)]
    return {name.removeprefix(prefix): members.pop(name) for name in names}
