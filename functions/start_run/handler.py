"""start-run: validates a requested run and writes its manifest; validates an experiment.

It also asks for the runs that wait for the promotion of a model.
"""

from collections.abc import Sequence

from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.processes.checking import Checked, Checker
from faastraingym.adapters.stage import datasets, evaluated, parents
from faastraingym.adapters.stage.manifests import dump
from faastraingym.adapters.stage.stage import Outgoing
from faastraingym.adapters.stage.triggered import triggered
from faastraingym.events.experiments import names
from faastraingym.events.experiments.checking import checked
from faastraingym.events.models import triggers
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import event_backup, follow_ups, subjects
from faastraingym.events.ports import Services
from faastraingym.schemas import keys
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import (
    ExperimentFailed,
    ExperimentRequested,
    ExperimentStarted,
    Message,
    ModelPromoted,
    RunFailed,
    RunRequested,
    RunStarted,
    tag,
)
from faastraingym.schemas.models import Named

CHECKER = Checker()

Received = RunRequested | ExperimentRequested | ModelPromoted


@triggered(CHECKER, RunRequested, ExperimentRequested, ModelPromoted)
async def handle(message: Received, services: Services) -> Outgoing:
    """A run or experiment that is asked for starts, or fails with the command line's words.

    Its request is published in any case: its sender may not have, and functions that decide by the
    whole log wait for it; but a run that was removed does not start again. Of a promoted model, the
    runs that wait for that are asked for.
    """
    if isinstance(message, ModelPromoted):
        return await _fine_tunings(message, services)
    if await event_backup.is_removed(message.run, services.facts, services.objects):
        return []
    if isinstance(message, ExperimentRequested):
        return await _experiment(message, services)
    return await _run(message, services)


async def _fine_tunings(promoted: ModelPromoted, services: Services) -> Outgoing:
    registry = Registry(services.objects, services.bucket)
    version = await registry.find(Named(promoted.model, version=promoted.version))
    return triggers.started(promoted, version, await registry.triggers(promoted.model))


async def _run(request: RunRequested, services: Services) -> Outgoing:
    """The run starts, or fails."""
    if await services.facts.count(subjects.of_kind(ExperimentRequested, request.run)):
        why = f"there is an experiment {request.run!r} already; choose another name"
        return [request, RunFailed(run=request.run, reason=why, function="start-run")]
    try:
        found = await CHECKER.check(request.spec, Library(services.bucket))
        await _check_beginning(found, services)
    except SpecificationError as refusal:
        return [request, RunFailed(run=request.run, reason=str(refusal), function="start-run")]
    data = dump(request.run, found.spec, found.spaces, request.experiment, request.copied)
    manifest = await services.objects.put(keys.manifest(request.run), data)
    started = RunStarted(run=request.run, manifest=manifest, copied=request.copied)
    return [request, started, *follow_ups.warm_ups(request.run)]


async def _check_beginning(found: Checked, services: Services) -> None:
    """SpecificationError: the run cannot begin with its dataset, its model, or play its policy."""
    await datasets.check(found.spec, found.spaces, services.bucket)
    registry = Registry(services.objects, services.bucket)
    await parents.check(found.spec, found.spaces, registry)
    await evaluated.check(found, services)
    if found.spec.reward_function:
        from faastraingym.adapters.stage import reward_functions  # which imports NumPy

        await reward_functions.check(found.spec)


async def _experiment(request: ExperimentRequested, services: Services) -> Outgoing:
    """The experiment starts, or fails."""

    async def check(raw: object) -> Checked:
        found = await CHECKER.choose(raw, Library(services.bucket))
        await _check_beginning(found, services)
        return found

    try:
        spec = await checked(request.run, request.spec, check)
        known = await services.facts.read(subjects.of_topic(tag(RunRequested)))
        _check_names(request.run, [record.fact for record in known])
    except SpecificationError as refusal:
        return [request, ExperimentFailed(run=request.run, reason=str(refusal))]
    return [request, ExperimentStarted(run=request.run, spec=spec)]


def _check_names(experiment: str, requests: Sequence[Message]) -> None:
    if taken := sorted(names.taken(experiment, requests)):
        raise SpecificationError(
            [f"the name of run {taken[0]} is taken, which {experiment} needs; choose another name"]
        )
