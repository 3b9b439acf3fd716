"""start-run: validates a requested specification and writes the run's manifest."""

import asyncio

from adapters.manifests import dump
from adapters.stage import stage
from algorithms import spaces
from events.ports import Messages, Services
from schemas import keys
from schemas.errors import SpecificationError
from schemas.messages import RunFailed, RunRequested, RunStarted
from schemas.specification import RunSpec
from schemas.validation import parse


@stage(RunRequested)
async def handle(request: RunRequested, services: Services) -> Messages:
    """The run starts, or fails with the same words that the CLI would have said."""
    try:
        spec = await asyncio.to_thread(validate, request.spec)
    except SpecificationError as refusal:
        return [RunFailed(run=request.run, reason=str(refusal), function="start-run")]
    manifest = await services.objects.put(keys.manifest(request.run), dump(request.run, spec))
    return [RunStarted(run=request.run, manifest=manifest)]


def validate(raw: object) -> RunSpec:
    """The specification, held to its schema and to what its environment can do.

    Raises:
        SpecificationError: it cannot be run.
    """
    spec = parse(raw)
    problems = spaces.check(spec)
    if problems:
        raise SpecificationError(problems)
    return spec
