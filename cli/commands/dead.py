"""dead list, show, replay, drop: the deliveries that were given up."""

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable

from msgspec import Struct

from faastraingym.adapters.http.signing import sign
from faastraingym.cli import letters
from faastraingym.cli.errors import BadInput
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.world import Connected, World
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import StoredDeadLetter
from faastraingym.events.views import dead_letters
from faastraingym.events.views.phrases import one_line


class Treated(Struct, frozen=True, kw_only=True):
    """The outcome for one dead letter."""

    id: int
    done: bool
    why_not: str = ""


Treat = Callable[[Connected, StoredDeadLetter], Awaitable[str]]  # an empty text: done


def list_letters(arguments: Namespace, world: World) -> ExitCode:
    """Print the dead letters, the oldest first."""

    async def read() -> list[StoredDeadLetter]:
        async with world.connect() as stack:
            return await of(stack, arguments.run)

    rows = [dead_letters.row(kept) for kept in asyncio.run(read())]
    if arguments.json:
        world.screen.json(rows)
    else:
        cells = [letters.cells(row) for row in rows]
        world.screen.table(letters.HEAD, cells, letters.NUMBERS)
    return ExitCode.DONE


def show(arguments: Namespace, world: World) -> ExitCode:
    """Print one dead letter in full."""

    async def read() -> StoredDeadLetter:
        async with world.connect() as stack:
            return await _one(stack, arguments.id)

    found = dead_letters.detail(asyncio.run(read()))
    if arguments.json:
        world.screen.json(found)
    else:
        for line in letters.lines(found):
            world.screen.line(line)
    return ExitCode.DONE


def replay(arguments: Namespace, world: World) -> ExitCode:
    """Invoke again, under a new call id, and remove the dead letter; code 3 when one is refused."""
    key = world.signing_key()

    async def treat(stack: Connected, kept: StoredDeadLetter) -> str:
        return await _replay(stack, kept, key, world.now())

    return _treat(arguments, world, treat, "replayed")


def drop(arguments: Namespace, world: World) -> ExitCode:
    """Remove dead letters."""

    async def treat(stack: Connected, kept: StoredDeadLetter) -> str:
        gone = await stack.dead_letters.drop(kept.id)
        return "" if gone else "another command removed it first"

    return _treat(arguments, world, treat, "dropped")


async def of(stack: Connected, run: str | None) -> list[StoredDeadLetter]:
    """The dead letters of one run, or all."""
    found = await stack.dead_letters.all()
    return [kept for kept in found if run is None or dead_letters.is_of(kept, run)]


async def _one(stack: Connected, number: int) -> StoredDeadLetter:
    kept = await stack.dead_letters.get(number)
    if kept is None:
        raise BadInput(f"there is no dead letter {number}; `faastrain dead list` shows all")
    return kept


def _treat(arguments: Namespace, world: World, treat: Treat, done: str) -> ExitCode:
    treated = asyncio.run(_treat_all(arguments, world, treat))
    if arguments.json:
        world.screen.json(treated)
    for each in treated:
        if each.why_not:
            world.screen.remark(f"faastrain: dead letter {each.id} was not {done}: {each.why_not}")
        elif not arguments.json:
            world.screen.line(f"{done} {each.id}")
    if not treated and not arguments.json:
        world.screen.line("no dead letters")
    return ExitCode.DONE if all(each.done for each in treated) else ExitCode.BAD_INPUT


async def _treat_all(arguments: Namespace, world: World, treat: Treat) -> list[Treated]:
    async with world.connect() as stack:
        if arguments.id is not None:
            chosen = [await _one(stack, arguments.id)]
        else:
            chosen = await of(stack, arguments.run)
        treated = []
        for kept in chosen:
            why = await treat(stack, kept)
            treated.append(Treated(id=kept.id, done=not why, why_not=why))
        return treated


async def _replay(stack: Connected, kept: StoredDeadLetter, key: bytes, now: float) -> str:
    """Invoke and remove; or why that would be wrong or useless, and what to do instead."""
    letter, (message, why) = kept.letter, dead_letters.decoded(kept)
    drop_it = f"`faastrain dead drop {kept.id}` removes it"
    if letter.omitted is not None:
        return f"it was not signed, so its payload was not stored and cannot be replayed; {drop_it}"
    if message is None:
        return f"{why}; {drop_it}"
    why = letters.forged(kept, key, now)
    if why:
        return f"it is not from this pipeline ({why}); {drop_it}"
    told = fold(await stack.facts.read(*subjects.of_run(message.run)))
    if told.end is not None and told.newest.report is not None:
        return (
            f"run {message.run} has ended ({one_line(told.end.reason)}), so no function waits "
            f"for this message; `faastrain resume {message.run}` starts the run's next segment and "
            f"issues again what is missing; {drop_it}"
        )
    # The dead letter's number makes the call id: after a kill before the drop, replay is safe.
    request = Invocation(letter.function, message, attempt=-kept.id)
    signature = sign(key, letter.function, letter.payload, now)
    if not await stack.commands.invoke(request, letter.payload, signature):
        return f"the same work waits already, or is being done; replay it after that, or {drop_it}"
    await stack.dead_letters.drop(kept.id)
    return ""
