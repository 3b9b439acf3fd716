"""Deployments outlive the provider: one JSON file, written whole."""

from datetime import datetime
from pathlib import Path

import msgspec

from faastraingym.embedded.contract.messages import FunctionDeployment
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import write_private


class Deployed(msgspec.Struct, frozen=True):
    """A deployment and its first day."""

    deployment: FunctionDeployment
    created_at: datetime


def load(path: Path) -> list[Deployed]:
    """The stored deployments; none at first; raises StackError: the file is damaged."""
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Deployed])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StackError(f"{path} is damaged ({error}); remove it and deploy again.") from error


def save(path: Path, deployed: list[Deployed]) -> None:
    """Replace the file."""
    write_private(path, msgspec.json.encode(deployed))
