"""What a run needs of this machine, put into the store before the run is asked for."""

from typing import TYPE_CHECKING

from faastraingym.client.world import Connected
from faastraingym.schemas import keys

if TYPE_CHECKING:
    from faastraingym.client.async_client import Prepared


async def bring(stack: Connected, prepared: "Prepared", at: float) -> None:
    """Add the code of the run's environment, and the dataset that it begins with.

    Args:
        stack: that the run is asked of.
        prepared: the run.
        at: the time, in Unix seconds.
    """
    from faastraingym.adapters.packages.library import Library
    from faastraingym.client import beginnings

    if prepared.source:
        await Library(stack.bucket).add(prepared.source.package, at)
    if prepared.dataset:
        there = await stack.bucket.keys(keys.DATASETS)
        await beginnings.bring(stack, prepared.dataset, there)
