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

    async def read(library: Library) -> Sequence[PackageRecord]:
        return newest(await library.records())

    records = _with_library(context, read)
    if arguments.json:
        context.screen.json(records)
    else:
        context.screen.table(HEAD, [_cells(record) for record in records], NUMBERS)


def remove(arguments: Namespace, context: Context) -> None:
    """Remove every package that is named."""

    async def take_away(library: Library) -> Sequence[PackageRecord]:
        chosen = found(await library.records(), arguments.package)
        await library.remove(chosen)
        return chosen

    try:
        removed = _with_library(context, take_away)
    except PackageError as error:
        raise BadInput(str(error)) from error
    if arguments.json:
        context.screen.json(removed)
    for record in () if arguments.json else removed:
        context.screen.line(f"removed {record.sha256} {record.name} {record.version}")


def _with_library(
    context: Context, do: Callable[[Library], Awaitable[Sequence[PackageRecord]]]
) -> Sequence[PackageRecord]:
    async def connected() -> Sequence[PackageRecord]:
        async with context.world.connect() as stack:
            return await do(Library(stack.bucket))

    return loop.run(connected())


def _cells(record: PackageRecord) -> tuple[str, ...]:
    added = f"{datetime.fromtimestamp(record.added_at, UTC):%Y-%m-%d %H:%M:%S}Z"
    modules = ", ".join(record.modules)
    return modules, record.version, record.sha256[:12], f"{record.size:,}", added
