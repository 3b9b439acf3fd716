"""RLIMIT_NOFILE: the number of files, connections among them, that a process may open."""

import resource

from faastraingym.embedded.errors import StackError

LEAST = 256  # SeaweedFS alone has 116 open under a first run; with 96 a run stands still
ENOUGH = 4096
MOST = 65536  # nothing here has use for more
REMEDY = (
    f"allow {ENOUGH} before `faastrain up`: `ulimit -Hn {ENOUGH}` as root, `nofile` in "
    "/etc/security/limits.conf, LimitNOFILE= of a systemd unit, --ulimit nofile= of a container"
)


def allowed() -> int:
    """Files that a process of ours may open: what the hard limit lets it give itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)


def check(files: int) -> None:
    """Raise StackError if a stack cannot work with `files` open in each process."""
    if files < LEAST:
        raise StackError(
            f"RLIMIT_NOFILE is {files}: each process may open {files} files, the stack needs"
            f" {LEAST} at least; {REMEDY}."
        )


def warning(files: int) -> str:
    """A sentence on what a limit of `files` bounds and how to raise it; empty if it is enough."""
    if files >= ENOUGH:
        return ""
    return (
        f"RLIMIT_NOFILE is {files}, which bounds how many connections and replicas the gateway "
        f"holds at once; {REMEDY}"
    )


def use_all() -> None:
    """Let this process, and those that it will start, open as many as they may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed(), hard))
