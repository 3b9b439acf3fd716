"""The packages that a run was trained with, by the names that their author knows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from faastraingym.adapters.packages import choosing
from faastraingym.adapters.packages.library import Library
from faastraingym.client.async_client import AsyncClient


class RunPackage(NamedTuple):
    """A version of a package."""

    name: str  # empty once it was removed from the store, as is its version
    version: str
    sha256: str

    @property
    def words(self) -> str:
        """It in a line for people."""
        named = f"{self.name} {self.version}".strip() or "removed from the store"
        return f"{named} ({self.sha256[:12]})"


async def of_run(client: AsyncClient, spec: Mapping[str, Any]) -> list[RunPackage]:
    """Those that a run's specification names, the environment's own first; often none.

    Raises:
        StackTrouble: no stack runs, or it does not answer.
    """
    named = choosing.environment(spec).get("packages")
    digests = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    if not digests:
        return []
    async with client.connect() as stack:
        known = {record.sha256: record for record in await Library(stack.bucket).records()}
    return [
        RunPackage(known[digest].name, known[digest].version, digest)
        if digest in known
        else RunPackage("", "", digest)
        for digest in digests
    ]
