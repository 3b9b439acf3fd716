"""A bucket's own settings are taken back: they may keep out even its owner.

S3 obeys them for every client, so SeaweedFS's shell writes the bucket's entry in the filer anew.
"""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.embedded.child import ChildSpec
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import write_private
from faastraingym.embedded.servers.weed import TEMPORARY

SHELL_SECONDS = 20.0
HEARD_SECONDS = 10.0  # until S3 has received an entry that was written anew
_DIRECTORY = 0o777 | 1 << 31  # Go's mode of a folder


def saved(bucket: str) -> bytes:
    """The entry, without any setting, as `fs.meta.load` reads it: a size and a FullEntry.

    filer.proto: FullEntry(dir=1, entry=2), Entry(name=1, is_directory=2, attributes=4),
    FuseAttributes(file_mode=3).
    """
    attributes = _number(3, _DIRECTORY)
    entry = _bytes(1, bucket.encode()) + _number(2, 1) + _bytes(4, attributes)
    full = _bytes(1, b"/buckets") + _bytes(2, entry)
    return len(full).to_bytes(4, "big") + full


async def reset(there: Bucket, weed: ChildSpec, ports: Mapping[str, int], bucket: str) -> None:
    """Take back the settings; raises Refused: S3 obeys them still; StackError: the shell fails."""
    until = 0.0
    while True:
        try:
            return await there.reset()
        except Refused:
            if until == 0.0:
                await _renew(weed, ports, bucket)
                until = time.monotonic() + HEARD_SECONDS
            elif time.monotonic() > until:
                raise
        await asyncio.sleep(0.1)  # S3 receives the new entry a moment later


async def _renew(weed: ChildSpec, ports: Mapping[str, int], bucket: str) -> None:
    file = Path(TEMPORARY) / "bucket.meta"  # relative to the folder that both run in
    write_private(weed.folder / file, saved(bucket))
    at = {
        plane: f"-{plane}=127.0.0.1:{ports[f'weed-{plane}']}.{ports[f'weed-{plane}-grpc']}"
        for plane in ("master", "filer")
    }
    process = await asyncio.create_subprocess_exec(
        weed.command[0],
        "shell",
        *at.values(),
        cwd=weed.folder,
        env=weed.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SHELL_SECONDS):
            output, _ = await process.communicate(f"fs.meta.load {file}\n".encode())
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
    if b"load /buckets/" not in output or process.returncode:
        raise StackError(f"The settings of bucket {bucket} stay: weed shell said {output!r}.")


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
