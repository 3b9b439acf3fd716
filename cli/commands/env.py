"""env add, list, remove: the code of environments in the store."""

from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from faastraingym.adapters.packages.choosing import newest
from faastraingym.adapters.packages.library import Library, found
from faastraingym.adapters.packages.sources import pack
from faastraingym.cli.context import Context
from faastraingym.client import loop
from faastraingym.client.errors import BadInput
from faastraingym.client.world import Connected
from faastraingym.events.views.runs import users
from faastraingym.schemas.errors import PackageError
from faastraingym.schemas.package_record import PackageRecord

HEAD = ("MODULES", "VERSION", "SHA-256", "BYTES", "ADDED")
NUMBERS = ("BYTES",)


def add(arguments: Namespace, context: Context) -> None:
    """Store a package."""
    try:
        package = pack(arguments.path).package
    except PackageError as error:
        raise BadInput(str(error)) from error
    record = loop.run(context.client.aio.add(package))
    if arguments.json:
        context.screen.json(record)
        return
    context.screen.line(f"{record.sha256} {record.name} {record.version}")
    module = record.modules[0]
    context.screen.remark(f'train it as environment.id = "{module}:NAME", a registered id or class')


def list_packages(arguments: Namespace, context: Context) -> None:
    """Print the packages, those that were added last first."""

    async def read(stack: Connected) -> Sequence[PackageRecord]:
        return newest(await Library(stack.bucket).records())

    records = _connected(context, read)
    if arguments.json:
        context.screen.json(records)
    else:
        context.screen.table(HEAD, [_cells(record) for record in records], NUMBERS)


def remove(arguments: Namespace, context: Context) -> None:
    """Remove every package that is named, unless a run that has not ended needs one."""

    async def take_away(stack: Connected) -> Sequence[PackageRecord]:
        library = Library(stack.bucket)
        chosen = found(await library.records(), arguments.package)
        runs = await users(stack.facts, [record.sha256 for record in chosen])
        if runs:
            raise BadInput(_needed(arguments.package, runs))
        await library.remove(chosen)
        return chosen

    try:
        removed = _connected(context, take_away)
    except PackageError as error:
        raise BadInput(str(error)) from error
    if arguments.json:
        context.screen.json(removed)
    for record in () if arguments.json else removed:
        context.screen.line(f"removed {record.sha256} {record.name} {record.version}")


def _needed(package: str, runs: Sequence[str]) -> str:
    more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
    return (
        f"{package}: run {runs[0]}{more} needs it and has not ended; wait for the end, or "
        f"`faastrain stop {runs[0]}`"
    )


def _connected(
    context: Context, do: Callable[[Connected], Awaitable[Sequence[PackageRecord]]]
) -> Sequence[PackageRecord]:
    async def connected() -> Sequence[PackageRecord]:
        async with context.world.connect() as stack:
            return await do(stack)

    return loop.run(connected())


def _cells(record: PackageRecord) -> tuple[str, ...]:
    added = f"{datetime.fromtimestamp(record.added_at, UTC):%Y-%m-%d %H:%M:%S}Z"
    modules = ", ".join(record.modules)
    return modules, record.version, record.sha256[:12], f"{record.size:,}", added
