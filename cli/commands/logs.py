"""logs: what a function's replicas wrote."""

from argparse import Namespace
from datetime import UTC, datetime

from cli.errors import BadInput
from cli.exit_codes import ExitCode
from cli.world import World
from events.routes import StackError, seconds
from schemas.validation import suggestion


def logs(arguments: Namespace, world: World) -> ExitCode:
    """Print a function's lines; Ctrl-C ends following."""
    gateway = world.gateway()
    since = moment(arguments.since, world.now()) if arguments.since else ""
    known = [function.name for function in gateway.functions()]
    if arguments.function not in known:
        near = suggestion(arguments.function, known)
        raise BadInput(f"there is no function {arguments.function!r}{near}")
    for line in gateway.logs(arguments.function, arguments.follow, arguments.tail, since):
        if arguments.json:
            world.screen.json_line(line)
        else:
            world.screen.line(f"{line.timestamp}  {line.instance}  {line.text}")
    return ExitCode.DONE


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
