"""dead list, show, replay, drop: the deliveries that were given up."""

from argparse import Namespace
from collections.abc import Awaitable, Callable

from msgspec import Struct

from faastraingym.adapters.http.signing import sign
from faastraingym.cli import letters
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import loop
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.errors import BadInput
from faastraingym.client.world import Connected
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


def list_letters(arguments: Namespace, context: Context) -> None:
    """Print the dead letters, the oldest first."""
    rows = [dead_letters.row(kept) for kept in loop.run(of_run(context.client.aio, arguments.run))]
    if arguments.json:
        context.screen.json(rows)
    else:
        cells = [letters.cells(row) for row in rows]
        context.screen.table(letters.HEAD, cells, letters.NUMBERS, letters.SPARE)


def show(arguments: Namespace, context: Context) -> None:
    """Print one dead letter in full."""

    async def read() -> StoredDeadLetter:
        async with context.client.aio.connect() as stack:
            return await _one(stack, arguments.id)

    found = dead_letters.detail(loop.run(read()))
    if arguments.json:
        context.screen.json(found)
    else:
        for line in letters.lines(found):
            context.screen.line(line)


def replay(arguments: Namespace, context: Context) -> ExitCode:
    """Invoke again, under a new call id, and remove the dead letter; code 3 when one is refused."""
    key = context.world.signing_key()

    async def treat(stack: Connected, kept: StoredDeadLetter) -> str:
        return await _replay(stack, kept, key, context.world.now())

    return _treat(arguments, context, treat, "replayed")


def drop(arguments: Namespace, context: Context) -> ExitCode:
    """Remove dead letters."""

    async def treat(stack: Connected, kept: StoredDeadLetter) -> str:
        gone = await stack.dead_letters.drop(kept.id)
        return "" if gone else "another command removed it first"

    return _treat(arguments, context, treat, "dropped")


async def of_run(client: AsyncClient, run: str | None) -> list[StoredDeadLetter]:
    """The dead letters of one run, or all."""
    async with client.connect() as stack:
        return await _of(stack, run)


async def _of(stack: Connected, run: str | None) -> list[StoredDeadLetter]:
    found = await stack.dead_letters.all()
    return [kept for kept in found if run is None or dead_letters.is_of(kept, run)]


async def _one(stack: Connected, number: int) -> StoredDeadLetter:
    kept = await stack.dead_letters.get(number)
    if kept is None:
        raise BadInput(f"there is no dead letter {number}; `faastrain dead list` shows all")
    return kept


def _treat(arguments: Namespace, context: Context, treat: Treat, done: str) -> ExitCode:
    treated = loop.run(_treat_all(arguments, context, treat))
    if arguments.json:
        context.screen.json(treated)
    for each in treated:
        if each.why_not:
            context.screen.remark(
                f"faastrain: dead letter {each.id} was not {done}: {each.why_not}"
            )
        elif not arguments.json:
            context.screen.line(f"{done} {each.id}")
    if not treated and not arguments.json:
        context.screen.line("no dead letters")
    return ExitCode.DONE if all(each.done for each in treated) else ExitCode.BAD_INPUT


async def _treat_all(arguments: Namespace, context: Context, treat: Treat) -> list[Treated]:
    async with context.client.aio.connect() as stack:
        if arguments.id is not None:
            chosen = [await _one(stack, arguments.id)]
        else:
            chosen = await _of(stack, arguments.run)
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
    history = fold(await stack.facts.read(*subjects.of_run(message.run)))
    if history.removed:
        return f"run {message.run} was removed; {drop_it}"
    if history.end is not None and history.newest.report is not None:
        return (
            f"run {message.run} has ended ({one_line(history.end.reason)}), so no function waits "
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
