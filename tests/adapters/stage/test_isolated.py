"""Children of a replica: one for each set of packages, bound to the replica in both directions."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from faastraingym.adapters.packages.unpacking import root
from faastraingym.adapters.stage.isolated import MOST, Children

PATIENCE = 30.0
# Stands in for the template's index.py: answers with the version that it imported, or dies.
CHILD = """
import os, signal, socket
from faastraingym.adapters.stage.isolated import begin_as_child
assert begin_as_child(os.environ)
import maze
listener = socket.socket(fileno=int(os.environ["FTG_LISTEN_FD"]))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    connection, _ = listener.accept()
    while request := connection.recv(65536):
        if b"die" in request:
            os._exit(7)
        body = f"{maze.VERSION} {os.getpid()}".encode()
        head = f"HTTP/1.1 200 OK\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
        connection.sendall(head.encode() + body)
"""
PARENT = """
import asyncio, sys
from faastraingym.adapters.stage.isolated import Children

async def main():
    children = Children([sys.executable, "-c", sys.argv[1]])
    print((await children.serve([sys.argv[2]], b"hello", {})).body.decode(), flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    await children.serve([sys.argv[2]], line.encode(), {})

asyncio.run(main())
"""


def version(folder: Path, number: int) -> str:
    place = folder / str(number)
    place.mkdir()
    (place / "maze.py").write_text(f"VERSION = {number}\n")
    return str(place)


async def asked(children: Children, folder: str) -> tuple[int, psutil.Process]:
    reply = await children.serve([folder], b"hello", {":path": "/", "host": "h", "x": "y"})
    number, pid = reply.body.decode().split()
    return int(number), psutil.Process(int(pid))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


async def test_each_version_is_imported_in_a_process_of_its_own(tmp_path: Path) -> None:
    """A warm one serves again; the longest unused one ends."""
    children = Children([sys.executable, "-c", CHILD])
    folders = [version(tmp_path, number) for number in range(MOST + 1)]
    try:
        first, oldest = await asked(children, folders[0])
        second, other = await asked(children, folders[1])
        assert (first, second) == (0, 1)
        assert oldest.pid != other.pid != os.getpid()
        assert await asked(children, folders[0]) == (0, oldest)
        assert (await asked(children, folders[2]))[0] == 2
        assert not other.is_running()
        assert await asked(children, folders[0]) == (0, oldest)
    finally:
        await children.close()
    assert not oldest.is_running()
    assert not [name for name in os.listdir(root()) if name.startswith("child-")]


def parent(tmp_path: Path) -> tuple["subprocess.Popen[str]", psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD, version(tmp_path, 5)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    _, pid = process.stdout.readline().split()
    return process, psutil.Process(int(pid))


@pytest.mark.parametrize(("end", "code"), [("die", 7), ("kill", -signal.SIGKILL)])
def test_what_ends_a_child_ends_its_replica_likewise(tmp_path: Path, end: str, code: int) -> None:
    process, child = parent(tmp_path)
    with process:  # which closes its pipes
        assert process.stdin is not None
        if end == "kill":
            child.kill()
        else:
            process.stdin.write("die\n")
            process.stdin.flush()
        assert process.wait(PATIENCE) == code


def test_a_child_ends_with_its_replica(tmp_path: Path) -> None:
    """However that ends."""
    process, child = parent(tmp_path)
    with process:
        process.kill()
        process.wait(PATIENCE)
    assert psutil.wait_procs([child], timeout=PATIENCE)[1] == []
