"""start-run: validates a requested specification and writes the run's manifest."""

from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.processes.checking import Checker
from faastraingym.adapters.stage import datasets
from faastraingym.adapters.stage.manifests import dump
from faastraingym.adapters.stage.stage import Outgoing
from faastraingym.adapters.stage.triggered import triggered
from faastraingym.events.pipeline import follow_ups
from faastraingym.events.ports import Services
from faastraingym.schemas import keys
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import RunFailed, RunRequested, RunStarted

CHECKER = Checker()


@triggered(CHECKER, RunRequested)
async def handle(request: RunRequested, services: Services) -> Outgoing:
    """The run starts, or fails with the error text that the command line would show.

    The request is published in any case: its sender may not have, and functions that decide by the
    whole log wait for it.
    """
    try:
        checked = await CHECKER.check(request.spec, Library(services.bucket))
        await datasets.check(checked.spec, checked.spaces, services.bucket)
    except SpecificationError as refusal:
        return [request, RunFailed(run=request.run, reason=str(refusal), function="start-run")]
    data = dump(request.run, checked.spec, checked.spaces)
    manifest = await services.objects.put(keys.manifest(request.run), data)
    started = RunStarted(run=request.run, manifest=manifest)
    return [request, started, *follow_ups.warm_ups(request.run)]
