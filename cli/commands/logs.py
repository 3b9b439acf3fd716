"""logs: what a function's replicas wrote, or what all functions wrote about a run."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from faastraingym.cli import run_lines
from faastraingym.cli.context import Context
from faastraingym.cli.run_lines import RunLine
from faastraingym.cli.screen import Screen
from faastraingym.client import loop
from faastraingym.client.errors import BadInput
from faastraingym.client.run_ids import is_one
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.stack_file import StackError, seconds
from faastraingym.schemas.messages import REQUESTS, tag
from faastraingym.schemas.validation import suggestion


def logs(arguments: Namespace, context: Context) -> None:
    """Print the lines; Ctrl-C ends following."""
    gateway = context.world.gateway()
    since = moment(arguments.since, context.world.now()) if arguments.since else ""
    functions = [function.name for function in gateway.functions()]
    if arguments.name in functions:
        for line in gateway.logs(arguments.name, arguments.follow, arguments.tail, since):
            if arguments.json:
                context.screen.json_line(line)
            else:
                context.screen.line(f"{line.timestamp}  {line.instance}  {line.text}")
        return
    loop.run(_check(arguments.name, functions, context))
    past = run_lines.past(gateway, functions, arguments.name, since)
    shown = past[max(0, len(past) - arguments.tail) :] if arguments.tail >= 0 else past
    _print(shown, arguments.json, context.screen)
    if arguments.follow:
        coming = run_lines.coming(gateway, functions, arguments.name, past)
        _print(coming, arguments.json, context.screen)


async def _check(name: str, functions: Iterable[str], context: Context) -> None:
    """Raise BadInput unless there is a run or an experiment of that name."""
    async with context.client.aio.connect() as stack:
        asked = (subjects.of_topic(tag(kind)) for kind in REQUESTS)
        runs = [record.fact.run for record in await stack.facts.read(*asked)]
    if not is_one(name) or name not in runs:
        near = suggestion(name, [*functions, *runs])
        raise BadInput(f"there is no function and no run {name!r}{near}")


def _print(lines: Iterable[RunLine] | Iterator[RunLine], as_json: bool, screen: Screen) -> None:
    for line in lines:
        if as_json:
            screen.json_line(line.fields)
        else:
            screen.line(line.text())


def moment(text: str, now: float) -> str:
    """RFC 3339 of a time, or of an age such as 10m before `now` (Unix seconds).

    Raises:
        BadInput: neither.
    """
    try:
        return datetime.fromtimestamp(now - seconds(text), UTC).isoformat()
    except StackError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"--since {text}: write a time as 2026-11-22T17:15:00Z, or an age as 90s or 1h30m"
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
