"""train, start, follow, stop, resume: the commands that begin, watch and end a run."""

import asyncio
import secrets
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from faastraingym.cli import exit_codes, run_ids, runs, specification_files
from faastraingym.cli.errors import BadInput, CommandError
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.following import Follower
from faastraingym.cli.resuming import resumption
from faastraingym.cli.servers import disk_trouble
from faastraingym.cli.summary import print_summary
from faastraingym.cli.views import PlainView, View
from faastraingym.cli.world import Connected, World
from faastraingym.events.pipeline.planning import learning_plan
from faastraingym.events.views.run import target
from faastraingym.schemas.messages import RunRequested, RunResumed, StopRequested
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import RunSpec, to_dict

NO_CURSOR = ("dumb", "unknown")  # terminals on which nothing can be drawn again in its place


def train(arguments: Namespace, world: World) -> ExitCode:
    """Start the stack if needed, start a run, follow it to its end."""
    run, spec = prepare(arguments, world)
    world.ensure_stack()
    if not arguments.json:
        world.screen.line(f"run {run}")
    _say_horizon(spec, world)
    return _until_end(run, spec, arguments.json, world)


def start(arguments: Namespace, world: World) -> ExitCode:
    """Start a run and return; it needs no watcher."""
    run, spec = prepare(arguments, world)
    asyncio.run(_publish(run, spec, world))
    if arguments.json:
        world.screen.json({"run_id": run, "spec": to_dict(spec)})
    else:
        world.screen.line(run)
        world.screen.remark(f"watch it with `faastrain follow {run}`")
    _say_horizon(spec, world)
    waits_for = disk_trouble(world.environment)
    if waits_for:
        world.screen.remark(f"faastrain: {waits_for}")
    return ExitCode.DONE


def _say_horizon(spec: RunSpec, world: World) -> None:
    """What a run that shall be extended one day needs from its start on."""
    at_last = learning_plan(spec, spec.stop.annealing_steps).coefficients["learning_rate"]
    if not at_last and spec.stop.horizon is None:
        world.screen.remark(
            f"its learning rate anneals to 0 at {spec.stop.annealing_steps:,} steps; to extend it "
            "later, set stop.horizon"
        )


def follow(arguments: Namespace, world: World) -> ExitCode:
    """Watch a run to its end, from its first fact on."""
    return _until_end(run_ids.check(arguments.run), None, arguments.json, world)


def stop(arguments: Namespace, world: World) -> ExitCode:
    """Ask a run to end with the policy that it has."""
    return asyncio.run(_stop(arguments.run, world))


async def _stop(run: str, world: World) -> ExitCode:
    async with world.connect() as stack:
        history = await runs.history(stack, run)
        if history.end:
            world.screen.line(f"run {run} has ended already: {history.end.reason}")
            return ExitCode.DONE
        await stack.facts.publish_once(StopRequested(run=run, segment=history.segment))
    world.screen.line(
        f"run {run} ends with the policy that it has; `faastrain show {run}`, "
        f"`faastrain resume {run}` continues it"
    )
    return ExitCode.DONE


def resume(arguments: Namespace, world: World) -> ExitCode:
    """Let a run that has ended go on where it stopped; it needs no watcher."""
    resumed = asyncio.run(_resume(arguments, world))
    if arguments.json:
        told = {"run_id": resumed.run, "leg": resumed.segment, "env_steps": resumed.env_steps}
        world.screen.json({**told, "target": resumed.target})
    else:
        world.screen.line(resumed.run)
        world.screen.remark(f"watch it with `faastrain follow {resumed.run}`")
    return ExitCode.DONE


async def _resume(arguments: Namespace, world: World) -> RunResumed:
    async with world.connect() as stack:
        told = await runs.history(stack, arguments.run)
        resumed = resumption(arguments.run, told, arguments.budget, arguments.target)
        if not await stack.facts.publish_once(resumed):
            raise BadInput(
                f"another command resumed run {resumed.run} at the same moment; try again"
            )
    return resumed


def prepare(arguments: Namespace, world: World) -> tuple[str, RunSpec]:
    """A run's name and its validated specification; nothing is published yet."""
    file = specification_files.find(arguments.spec)
    raw = specification_files.override(specification_files.load(file), arguments.overrides)
    spec, advice = specification_files.validate(raw, arguments.spec, world.validate)
    for remark in advice:
        world.screen.remark(f"faastrain: {remark}")
    run = (
        run_ids.check(arguments.run)
        if arguments.run
        else run_ids.derive(file, world.now(), secrets.token_hex(2))
    )
    specification_files.check_size(run, spec, arguments.spec)
    return run, spec


async def _publish(run: str, spec: RunSpec, world: World) -> None:
    async with world.connect() as stack:
        await _say(run, spec, stack)


async def _say(run: str, spec: RunSpec, stack: Connected) -> None:
    """Publish `run.requested`.

    Raises:
        BadInput: there is such a run already.
    """
    if not await stack.facts.publish_once(RunRequested(run=run, spec=to_dict(spec))):
        raise BadInput(f"there is a run {run!r} already; choose another --run, or leave it out")


def _until_end(run: str, spec: RunSpec | None, as_json: bool, world: World) -> ExitCode:
    """Publish `spec` if there is one, follow, print the end, and judge it."""
    try:
        report = asyncio.run(followed(run, spec, as_json, world))
    except KeyboardInterrupt:
        world.screen.remark(
            f"the run continues; `faastrain follow {run}` watches it again, "
            f"`faastrain stop {run}` ends it"
        )
        return ExitCode.INTERRUPTED
    if as_json:
        world.screen.json(report)
    else:
        print_summary(world.screen, report)
    return exit_codes.of_run(report.status, report.reason, target(report.spec))


async def followed(run: str, spec: RunSpec | None, as_json: bool, world: World) -> RunReport:
    """Publish `spec` if there is one, follow the run to its end; its report."""
    async with world.connect() as stack:
        segment = 0
        if spec is not None:
            await _say(run, spec, stack)
        else:
            segment = (await runs.awaited(stack, run, world.screen.remark)).segment

        async def replicas() -> Mapping[str, int] | None:
            return await asyncio.to_thread(_replicas, world)

        with _view(run, as_json, world) as view:
            trouble = partial(disk_trouble, world.environment)
            known = partial(runs.is_known, stack, run)
            follower = Follower(run, stack.facts, view, replicas, known, segment, trouble=trouble)
            await follower.to_end()
        return await runs.report(stack, run, world.now())


@contextmanager
def _view(run: str, as_json: bool, world: World) -> Iterator[View]:
    """A bar on a terminal, lines elsewhere; beside JSON, lines on stderr."""
    if as_json:
        yield PlainView(world.screen.remark)
    elif world.screen.is_terminal and world.environment.get("TERM") not in NO_CURSOR:
        from faastraingym.cli.live import LiveView

        with LiveView(world.screen, run) as view:
            yield view
    else:
        yield PlainView(world.screen.line)


def _replicas(world: World) -> Mapping[str, int] | None:
    """Available replicas by function; None when the gateway does not say."""
    try:
        functions = world.gateway().functions()
    except CommandError:
        return None
    return {function.name: function.available_replicas or 0 for function in functions}
