"""doctor: what could be wrong here, and what to do."""

from argparse import Namespace
from collections.abc import Iterator

from faastraingym.cli import checks
from faastraingym.cli.checks import Check
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import loop, target
from faastraingym.client.errors import Error
from faastraingym.embedded.errors import StackError
from faastraingym.events.pipeline import subjects


def doctor(arguments: Namespace, context: Context) -> ExitCode:
    """Print every check; a problem makes the exit code 4."""
    found = [*checks.local(context.world.environment), *stack(context)]
    if arguments.json:
        context.screen.json(found)
    else:
        for check in found:
            context.screen.line(line(check))
    return ExitCode.DONE if all(check.ok for check in found) else ExitCode.STACK_TROUBLE


def line(check: Check) -> str:
    """A check in one line."""
    if check.ok:
        return f"ok       {check.name}: {check.found}"
    return f"problem  {check.name}: {check.found}; {check.remedy}"


def stack(context: Context) -> Iterator[Check]:
    """Whether broker, store and gateway answer; an embedded stack that is down is no problem."""
    try:
        target.find(context.world.environment)
    except (Error, StackError) as error:
        ok = isinstance(error, Error) and not target.is_cluster(context.world.environment)
        yield Check(name="stack", ok=ok, found=str(error), remedy="set the named variable")
        return
    try:
        loop.run(_ask(context))
        functions = len(context.world.gateway().functions())
        yield Check(name="stack", ok=True, found=f"reachable, {functions} functions deployed")
    except Error as error:
        remedy = "see the logs in the stack's home; `faastrain down`, then `faastrain up`"
        yield Check(name="stack", ok=False, found=str(error), remedy=remedy)


async def _ask(context: Context) -> None:
    """One question to the broker and one to the store."""
    async with context.client.aio.connect() as connected:
        await connected.facts.count(subjects.of_topic("run.requested"))
        await connected.objects.find("doctor")
