"""Volumes whose index a full disk cut off."""

from pathlib import Path

import pytest

from faastraingym.adapters.errors import ObjectAltered
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.embedded.servers.weed_volumes import mend
from tests.servers import LOGIN, WeedServer


async def test_a_volume_whose_index_was_cut_off_is_read_and_written_again(
    mortal_weed_server: WeedServer,
) -> None:
    """SeaweedFS itself would have lost it, all that it acknowledged included."""
    server = mortal_weed_server
    await Bucket(server.url, "test", LOGIN).ensure()
    store = S3ObjectStore(server.url, "test", LOGIN)
    put = [await store.put(f"folder/{number}", b"%d" % number) for number in range(5)]
    server.stop()
    for index in server.directory.glob("test_*.idx"):
        with index.open("ab") as file:
            file.write(index.read_bytes()[:9])
    server.start()
    with pytest.raises(ObjectAltered):
        await store.get(put[0])
    server.stop()
    mend(server.directory)
    server.start()
    put.append(await store.put("folder/5", b"5"))
    assert [await store.get(reference) for reference in put] == [b"%d" % n for n in range(6)]
    await store.close()


@pytest.mark.parametrize(
    ("described", "size", "left"),
    [
        ('{"bytesOffset": 5}', 4096, 4080),
        ('{"bytesOffset": 5}', 4080, 4080),
        ('{"bytesOffset": 4}', 4095, 4080),
        ('{"bytesOffset": 4}', 4096, 4096),
        ("", 4095, 4095),  # of how many bytes an entry is, nobody knows
        (None, 4095, 4095),
    ],
)
def test_an_index_keeps_its_whole_entries(
    tmp_path: Path, described: str | None, size: int, left: int
) -> None:
    """Of 16 bytes or of 17, as the volume itself says."""
    if described is not None:
        (tmp_path / "b_1.vif").write_text(described)
    (tmp_path / "b_1.idx").write_bytes(bytes(size))
    mend(tmp_path)
    assert (tmp_path / "b_1.idx").stat().st_size == left
