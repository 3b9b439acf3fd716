"""rm: removes runs and experiments, or says what that would remove."""

from argparse import Namespace
from collections.abc import Iterator

from faastraingym.cli.context import Context
from faastraingym.cli.interrupts import leaving
from faastraingym.client import loop
from faastraingym.events.pipeline.removal import Amount, Holdings

HEAD = ("name", "what", "kind", "number", "bytes")
NUMBERS = ("number", "bytes")


def remove(arguments: Namespace, context: Context) -> None:
    """Remove runs, and experiments with their runs."""
    again = "`faastrain rm` with the same names removes what is left"
    with leaving(f"interrupted: {again}"):
        removed = loop.run(
            context.client.aio.remove(
                arguments.runs, dry_run=arguments.dry_run, notice=context.screen.remark
            )
        )
    if arguments.json:
        context.screen.json(removed)
        return
    if arguments.dry_run:
        context.screen.table(HEAD, [row for each in removed for row in _rows(each)], NUMBERS)
    for each in removed:
        context.screen.line(_line(each, "would remove" if arguments.dry_run else "removed"))


def _rows(held: Holdings) -> Iterator[tuple[str, ...]]:
    parts = [
        *(("facts", kind, amount) for kind, amount in held.facts.items()),
        *(("objects", kind, amount) for kind, amount in held.objects.items()),
        ("measurements", "", held.measurements),
        ("dead letters", "", held.dead_letters),
    ]
    for what, kind, amount in parts:
        if amount.number:
            yield held.run_id, what, kind, f"{amount.number:,}", f"{amount.bytes:,}"


def _line(held: Holdings, done: str) -> str:
    if held.amount == Amount():
        return f"nothing is left of {held.run_id}"
    facts = sum(amount.number for amount in held.facts.values())
    stored = sum(amount.number for amount in held.objects.values())
    what = f"{facts:,} facts, {stored:,} objects, {held.amount.bytes:,} bytes in all"
    return f"{done} {_named(held)}: {what}"


def _named(held: Holdings) -> str:
    if held.runs is None:
        return f"run {held.run_id}"
    runs = "1 run" if len(held.runs) == 1 else f"{len(held.runs)} runs"
    return f"experiment {held.run_id} with {runs}"
