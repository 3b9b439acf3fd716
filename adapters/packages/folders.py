"""The folders of a specification's packages: chosen, fetched, verified and unpacked."""

import asyncio
import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.packages import choosing
from faastraingym.adapters.packages.library import Packages
from faastraingym.adapters.packages.unpacking import root, unpacked
from faastraingym.schemas.errors import SpecificationError


async def pinned(raw: Any, packages: Packages) -> Any:
    """The raw specification with the packages that its environment's id stands for.

    What is no table, or names no module, is left as it is, to be refused in its turn.

    Raises:
        SpecificationError: no package has the module.
    """
    environment = choosing.environment(raw)
    env_id = environment.get("id")
    if "packages" in environment or not isinstance(env_id, str) or not choosing.module_of(env_id):
        return raw
    changed = copy.deepcopy(raw)
    changed["environment"]["packages"] = choosing.choose(env_id, await packages.records())
    return changed


async def check_added(digests: Sequence[str], packages: Packages) -> None:
    """Return when each of these packages was added.

    Raises:
        SpecificationError: one was not.
    """
    missing = set(digests) - {record.sha256 for record in await packages.records()}
    if missing:
        raise SpecificationError(
            [
                f"spec.environment.packages: nobody added a package with the SHA-256 {min(missing)}"
                "; the operator adds it with `faastrain env add`, or leave the key out for the "
                "newest one"
            ]
        )


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
