"""The packages that a run was trained with, by the names that their author knows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from faastraingym.adapters.packages.library import Library
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.world import Connected
from faastraingym.schemas import raw


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
    if not raw.packages(spec):
        return []
    async with client.connect() as stack:
        return await of_spec(stack, spec)


async def of_spec(stack: Connected, spec: Mapping[str, Any]) -> list[RunPackage]:
    """As `of_run`, from a stack that one is connected to."""
    digests = raw.packages(spec)
    records = await Library(stack.bucket).records() if digests else ()
    known = {record.sha256: record for record in records}
    return [
        RunPackage(known[digest].name, known[digest].version, digest)
        if digest in known
        else RunPackage("", "", digest)
        for digest in digests
    ]
