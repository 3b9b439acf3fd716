"""The embedded stack's own processes."""

import os
from collections.abc import Mapping

import psutil
from msgspec import Struct

from faastraingym.adapters import disk
from faastraingym.client import target
from faastraingym.embedded.settings import home_of
from faastraingym.embedded.state import StackFiles, StackState


class ServerState(Struct, frozen=True, kw_only=True):
    """One process that the supervisor keeps alive, or the supervisor."""

    pid: int
    url: str  # "" where it does not listen
    rss_bytes: int
    restarts: int = 0
    crashing: bool = False


class DiskState(Struct, frozen=True, kw_only=True):
    """The disk that the embedded stack's state lies on."""

    path: str
    free_bytes: int
    free_inodes: int | None = None  # None: the file system has no such bound
    trouble: str = ""  # when it is full: what to do


def disk_state(environment: Mapping[str, str]) -> DiskState | None:
    """None for a cluster: its disks are not ours."""
    if target.is_cluster(environment):
        return None
    found = disk.space(home_of(environment))
    return DiskState(
        path=str(found.folder),
        free_bytes=found.free,
        free_inodes=found.free_files,
        trouble=found.trouble,
    )


def disk_trouble(environment: Mapping[str, str]) -> str:
    """What to do about a full disk; empty while there is room, and for a cluster."""
    found = disk_state(environment)
    return found.trouble if found and os.path.isdir(found.path) else ""


def servers(environment: Mapping[str, str]) -> dict[str, ServerState]:
    """By name; none for a cluster, or when no stack runs."""
    if target.is_cluster(environment):
        return {}
    files = StackFiles(home_of(environment))
    state = files.load()
    return of_state(state) if state else {}


def of_state(state: StackState) -> dict[str, ServerState]:
    """The processes that a stack's state names, with the memory that they use now."""
    urls = {
        "nats-server": state.nats_url,
        "weed": state.s3_url,
        "gateway": state.gateway_url,
        "exporter": state.exporter_url,
    }
    found = {"supervisor": ServerState(pid=state.pid, url="", rss_bytes=resident(state.pid))}
    for name, child in state.children.items():
        found[name] = ServerState(
            pid=child.pid,
            url=urls.get(name, ""),
            rss_bytes=resident(child.pid),
            restarts=child.restarts,
            crashing=child.crashing,
        )
    return found


def resident(pid: int) -> int:
    """Resident memory in bytes; 0 when there is no such process."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
