"""SeaweedFS after a write to a journal of its filer failed."""

import resource
import sys

import pytest

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.embedded.servers.weed import BROKEN
from tests.servers import LOGIN, WeedServer

FEW = 30  # after so many the journal of their names is longer than any other file


@pytest.mark.skipif(sys.platform != "linux", reason="another process's limits are Linux's to set")
async def test_a_store_whose_journal_failed_says_so_and_a_restart_mends_it(
    mortal_weed_server: WeedServer,
) -> None:
    """Room alone does not. What it acknowledged is there; a limit stands for its full disk."""
    server = mortal_weed_server
    await Bucket(server.url, "test", LOGIN).ensure()
    store = S3ObjectStore(server.url, "test", LOGIN)
    put = [await store.put(f"folder/{number}", b"x") for number in range(FEW)]
    _let_files_grow_to(server, _longest_journal(server) + 1)
    for number in (FEW, FEW + 1):
        with pytest.raises(Unavailable, match="answered 500"):
            await store.put(f"folder/{number}", b"x")
        _let_files_grow_to(server, resource.RLIM_INFINITY)
    assert any(map(BROKEN.search, _said(server)))
    server.stop()
    server.start()
    put.append(await store.put(f"folder/{FEW}", b"x"))
    assert [await store.get(reference) for reference in put] == [b"x"] * (FEW + 1)
    await store.close()


@pytest.mark.parametrize(
    "line",
    [
        "filer.go:301 insert entry /b/k: persisting /b/k : write data/filerldb2/03/000001.log: "
        "no space left on device",
        "filer.go:301 persisting /b/a key : write topics/00/000012.log: disk quota exceeded",
    ],
)
def test_of_which_store_it_is_does_not_matter_nor_why(line: str) -> None:
    assert BROKEN.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "volume.go: write data/test_1.dat: no space left on device",
        "persisting /b/ : write data/00/000001.log: full : context canceled",  # a key's own words
        "open data/filerldb2/03/000002.ldb: no space left on device",  # which it tries again
    ],
)
def test_nothing_else_is_taken_for_a_broken_journal(line: str) -> None:
    assert not BROKEN.search(line)


def _longest_journal(server: WeedServer) -> int:
    return max(log.stat().st_size for log in server.directory.glob("filerldb2/*/*.log"))


def _let_files_grow_to(server: WeedServer, size: int) -> None:
    hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))


def _said(server: WeedServer) -> list[str]:
    return (server.directory / "log").read_text().splitlines()
