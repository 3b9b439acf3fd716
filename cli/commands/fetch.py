"""fetch: a run's results onto the disk, byte for byte as the bucket has them."""

import asyncio
from argparse import Namespace
from pathlib import Path

import msgspec

from faastraingym.cli import fetching, run_ids, runs
from faastraingym.cli.errors import BadInput
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.world import Connected, World
from faastraingym.events.pipeline.history import History
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.report import RunReport


def fetch(arguments: Namespace, world: World) -> ExitCode:
    """Write report, learning curve and policy of a run's segment into a folder."""
    run = run_ids.check(arguments.run)
    found = asyncio.run(_read(run, arguments.leg, world))
    written = fetching.write(arguments.folder or Path(run), found, arguments.force)
    if arguments.json:
        world.screen.json({"run_id": run, "files": [str(path) for path in written]})
        return ExitCode.DONE
    for path in written:
        world.screen.line(str(path))
    if any(path.suffix == ".msgpack" for path in written):
        world.screen.remark(f"for NumPy alone: `faastrain export {run} {run}.npz`")
    return ExitCode.DONE


async def _read(run: str, segment: int | None, world: World) -> dict[str, bytes]:
    """The files by name; a run that failed early has no policy."""
    async with world.connect() as stack:
        history = await runs.history(stack, run)
        refs = await _references(
            stack, run, history, history.segment if segment is None else segment
        )
        return {fetching.name_of(ref.key): await stack.objects.get(ref) for ref in refs}


async def _references(
    stack: Connected, run: str, history: History, segment: int
) -> list[ObjectRef]:
    if segment != history.segment and segment not in history.segments:
        raise BadInput(
            f"run {run} has the segments 0 to {history.segment}; --leg {segment} is none of them"
        )
    said = history.segments[segment].report if segment in history.segments else None
    if said is None:
        raise BadInput(
            f"run {run} has not ended, so there is no report yet; `faastrain follow {run}`, or "
            f"`faastrain stop {run}` ends it"
        )
    report = msgspec.json.decode(await stack.objects.get(said.report), type=RunReport)
    policy = history.policies.get(report.policy.version) if report.policy else None
    return [said.report, said.learning_curve, *([policy.policy.policy] if policy else [])]
