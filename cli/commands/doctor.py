"""doctor: what could be wrong here, and what to do."""

import asyncio
from argparse import Namespace
from collections.abc import Iterator

from faastraingym.adapters.errors import AdapterError
from faastraingym.cli import checks, target
from faastraingym.cli.checks import Check
from faastraingym.cli.errors import CommandError
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.world import World
from faastraingym.embedded.errors import StackError
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Unavailable


def doctor(arguments: Namespace, world: World) -> ExitCode:
    """Print every check; a problem makes the exit code 4."""
    found = [*checks.local(world.environment), *stack(world)]
    if arguments.json:
        world.screen.json(found)
    else:
        for check in found:
            world.screen.line(line(check))
    return ExitCode.DONE if all(check.ok for check in found) else ExitCode.STACK_TROUBLE


def line(check: Check) -> str:
    """A check in one line."""
    if check.ok:
        return f"ok       {check.name}: {check.found}"
    return f"problem  {check.name}: {check.found}; {check.remedy}"


def stack(world: World) -> Iterator[Check]:
    """Whether broker, store and gateway answer; an embedded stack that is down is no problem."""
    try:
        target.find(world.environment)
    except (CommandError, StackError) as error:
        ok = isinstance(error, CommandError) and not target.is_cluster(world.environment)
        yield Check(name="stack", ok=ok, found=str(error), remedy="set the named variable")
        return
    try:
        asyncio.run(_ask(world))
        functions = len(world.gateway().functions())
        yield Check(name="stack", ok=True, found=f"reachable, {functions} functions deployed")
    except (CommandError, AdapterError, Unavailable) as error:
        remedy = "see the logs in the stack's home; `faastrain down`, then `faastrain up`"
        yield Check(name="stack", ok=False, found=str(error), remedy=remedy)


async def _ask(world: World) -> None:
    """One question to the broker and one to the store."""
    async with world.connect() as connected:
        await connected.facts.count(subjects.of_topic("run.requested"))
        await connected.objects.find("doctor")
