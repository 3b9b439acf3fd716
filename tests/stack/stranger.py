"""Another user of this machine, made for a test, and what it tries on a running stack."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.embedded.servers import doors


def why_not() -> str:
    """Why no user can be made here; empty where one can."""
    if os.getuid() != 0:
        return "only root can make another user of this machine"
    missing = [name for name in ("useradd", "userdel", "ss") if shutil.which(name) is None]
    return f"without {' and '.join(missing)} no user can be made, or no port found" * bool(missing)


@contextmanager
def user() -> Iterator[pwd.struct_passwd]:
    """A new user with no home and no group of ours, gone afterwards."""
    name = f"ftg-stranger-{os.getpid()}"
    subprocess.run([_tool("useradd"), "--no-create-home", "--shell", "/bin/sh", name], check=True)
    try:
        yield pwd.getpwnam(name)
    finally:
        subprocess.run([_tool("userdel"), name], check=True)


def acting_as(who: pwd.struct_passwd, act: Callable[[], Any]) -> Any:
    """What `act` returns when that user does it, in a process forked for it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.chdir("/")
            os.setgroups([])
            os.setgid(who.pw_gid)
            os.setuid(who.pw_uid)
            said = {"returned": act()}
        except BaseException:  # noqa: BLE001  told to the parent, which raises
            said = {"raised": traceback.format_exc()}
        with os.fdopen(writing, "w") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = json.load(pipe)
    os.waitpid(child, 0)
    assert "raised" not in told, told["raised"]
    return told["returned"]


class Listener(NamedTuple):
    """A socket that a process of the stack listens on."""

    kind: str  # tcp, udp, unix
    address: str  # 127.0.0.1:4222, or a path


def listeners(pids: set[int]) -> set[Listener]:
    """All that these processes listen on, as `ss` sees them."""
    found = set()
    for kind, option in (("tcp", "-t"), ("udp", "-u"), ("unix", "-x")):
        command = [_tool("ss"), "-nlpH", option]
        lines = subprocess.run(command, capture_output=True, text=True, check=True)
        for line in lines.stdout.splitlines():
            if pids & {int(pid) for pid in re.findall(r"pid=(\d+)", line)}:
                found.add(Listener(kind, line.split()[4 if kind == "unix" else 3]))
    return found


def opened(paths: list[str]) -> list[str]:
    """Of these files, folders and sockets those that could be read, written or connected to."""
    done = []
    for path in paths:
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_APPEND):
            with suppress(OSError):
                os.close(os.open(path, flags | os.O_NONBLOCK))
                done.append(f"opened {path}")
        with suppress(OSError):
            os.listdir(path)
            done.append(f"listed {path}")
        with suppress(OSError):
            os.close(os.open(f"{path}/planted", os.O_CREAT | os.O_WRONLY))
            done.append(f"created {path}/planted")
        with suppress(OSError):
            os.rename(path, f"{path}.taken")
            done.append(f"renamed {path}")
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            done.append(f"connected to {path}")
    return done


SECRET_OF_A_PROCESS = ("environ", "mem", "maps", "auxv", "syscall", "stack", "io", "pagemap")


def looked_into(pids: list[int]) -> list[str]:
    """What of these processes could be read, or done to them, beyond what `ps` shows."""
    done = []
    for pid in pids:
        for name in SECRET_OF_A_PROCESS:
            with suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
                file.read(1)
                done.append(f"read /proc/{pid}/{name}")
        for name in ("fd", "map_files"):
            with suppress(OSError):
                os.listdir(f"/proc/{pid}/{name}")
                done.append(f"listed /proc/{pid}/{name}")
        for name in ("cwd", "root", "exe"):
            with suppress(OSError):
                os.readlink(f"/proc/{pid}/{name}")
                done.append(f"followed /proc/{pid}/{name}")
        with suppress(OSError):
            os.kill(pid, 0)
            done.append(f"signalled {pid}")
    return done


def command_lines(pids: list[int]) -> str:
    """What everybody may read: how the processes were started."""
    return "\n".join(" ".join(psutil.Process(pid).cmdline()) for pid in pids)


REQUESTS: dict[str, bytes] = {
    f"{method} {path}": doors.request(path, method, body)
    for method, path, body in (
        ("GET", "/", b""),
        ("GET", "/metrics", b""),
        ("GET", "/healthz", b""),
        ("GET", "/openapi.json", b""),
        ("GET", "/debug/pprof/cmdline", b""),
        ("GET", "/debug/vars", b""),
        ("GET", "/dir/assign", b""),
        ("GET", "/dir/status", b""),
        ("GET", "/cluster/status", b""),
        ("GET", "/status", b""),
        ("GET", "/stats/disk", b""),
        ("GET", "/api/cluster/topology", b""),
        ("GET", "/system/functions", b""),
        ("GET", "/system/secrets", b""),
        ("GET", "/faastraingym?list-type=2", b""),
        ("GET", "/buckets/faastraingym/", b""),
        ("PUT", "/faastraingym/experiments/evil.toml", b"[run]"),
        ("PUT", "/buckets/faastraingym/experiments/evil.toml", b"[run]"),
        ("PUT", "/etc/iam/identities/evil.json", b"{}"),
        ("DELETE", "/faastraingym/runs/r/manifest.msgpack", b""),
        ("POST", "/vol/grow?count=1", b""),
        ("POST", "/system/functions", b"{}"),
        ("POST", "/function/start-run", b"{}"),
        ("POST", "/function/rollout", b"{}"),
        ("POST", "/async-function/start-run", b"{}"),
    )
}


def answers(port: int, certificates: Path) -> dict[str, int]:
    """The status by request, of every HTTP server that answers: plain, by TLS, by a foreign one."""
    found = {}
    ways = {"http": None}
    ways |= {"https": doors.believing_anybody(None, "http/1.1")}
    ways |= {"https, a certificate": doors.believing_anybody(certificates, "http/1.1")}
    for way, tls in ways.items():
        for name, sent in REQUESTS.items():
            status, _ = doors.http(("127.0.0.1", port), sent, tls)
            if status:
                found[name if tls is None else f"{name} ({way})"] = status
    return found


def grpc_doors(addresses: list[doors.Address], certificates: Path) -> list[str]:
    """Those that let in to gRPC: plain, by TLS, by a foreign certificate."""
    ways = [None, doors.believing_anybody(None, "h2"), doors.believing_anybody(certificates, "h2")]
    return [str(at) for at in addresses for tls in ways if doors.speaks_grpc(at, tls)]


def in_weed_shell(weed: str, master: str, filer: str, commands: str) -> str:
    """What SeaweedFS's own shell says, started where no certificate is."""
    environment = {"HOME": "/", "PATH": "/bin:/usr/bin", "TMPDIR": "/var/tmp"}  # noqa: S108
    command = ["/usr/bin/env", weed, "shell", f"-master={master}", f"-filer={filer}"]
    try:
        done = subprocess.run(
            command, input=commands, env=environment, capture_output=True, text=True, timeout=4
        )
    except subprocess.TimeoutExpired as waited:  # for a master that lets it in
        return str(waited.stdout or b"")
    return done.stdout


def _tool(name: str) -> str:
    found = shutil.which(name)
    assert found, name
    return found
