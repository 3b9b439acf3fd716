"""The folders of packages: fetched, verified and unpacked."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.packages.library import Packages
from faastraingym.adapters.packages.unpacking import root, unpacked


async def folders(digests: Sequence[str], packages: Packages) -> list[Path]:
    """The folder of each package.

    Raises:
        PackageError: nobody added one of them, or it is not what its digest says.
        Unavailable: it cannot be unpacked here, as on a full disk.
    """
    return list(await asyncio.gather(*(_folder(digest, packages) for digest in digests)))


async def _folder(digest: str, packages: Packages) -> Path:
    try:
        below = root()
        if (below / digest).is_dir():
            return below / digest
        return await asyncio.to_thread(unpacked, await packages.fetch(digest), digest, below)
    except OSError as error:
        raise Unavailable(f"package {digest[:12]} cannot be unpacked: {error}") from error
