"""start-run: validates a requested specification and writes the run's manifest."""

from adapters.checking import Checker
from adapters.manifests import dump
from adapters.stage import Outgoing
from adapters.triggered import triggered
from events import promises
from events.ports import Services
from schemas import keys
from schemas.errors import SpecificationError
from schemas.messages import RunFailed, RunRequested, RunStarted

CHECKER = Checker()


@triggered(CHECKER, RunRequested)
async def handle(request: RunRequested, services: Services) -> Outgoing:
    """The run starts, or fails with the same words that the CLI would have said.

    Whoever invoked this function has not told the log; the request is said in any case, because
    whoever decides by the whole log waits until it is there.
    """
    try:
        spec = await CHECKER.validate(request.spec)
    except SpecificationError as refusal:
        return [request, RunFailed(run=request.run, reason=str(refusal), function="start-run")]
    manifest = await services.objects.put(keys.manifest(request.run), dump(request.run, spec))
    started = RunStarted(run=request.run, manifest=manifest)
    return [request, started, *promises.warm_ups(request.run)]
