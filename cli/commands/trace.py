"""trace: where the time of a run's iterations goes, as numbers, as a picture, and for Perfetto."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from faastraingym.cli.context import Context
from faastraingym.cli.screen import Screen
from faastraingym.client import files as files_
from faastraingym.client import loop, runs
from faastraingym.client.errors import BadInput
from faastraingym.events.ports import Recorded
from faastraingym.events.views.invocations import KINDS, Invoked, invocations
from faastraingym.events.views.iterations import Iteration, iterations
from faastraingym.events.views.profile import Profile, profile, typical

SUFFIXES = (".svg", ".png", ".json")
DRAWN = 5  # iterations, around the median one
MOST_DRAWN = 50
KIND_HEAD = ("kind", "median ms", "share", "max ms", "all replicas ms")
CAUSELESS = (
    "this run was recorded before invocations told what caused them: who sent a command is not "
    "known, so most of each critical path is unmetered"
)
STEP_HEAD = ("critical path", "before it, ms", "in it, ms")


class Traced(NamedTuple):
    """A run, put together."""

    said: list[Recorded]
    invocations: list[Invoked]
    iterations: list[Iteration]


def trace(arguments: Namespace, context: Context) -> None:
    """Print medians, and write the picture or the trace."""
    files = [_check(path) for path in arguments.out or [Path(f"{arguments.run}.svg")]]
    traced = loop.run(_read(arguments.run, context))
    selected = select(arguments.run, traced.iterations, arguments.versions)
    drawn = selected if arguments.versions else around(selected)
    found = profile(arguments.run, selected, traced.invocations)
    written = [(path, _content(path, arguments.run, traced, drawn)) for path in files]
    for path, data in written:
        files_.write(path, data)
    if traced.invocations and not any(invoked.parent for invoked in traced.invocations):
        context.screen.remark(CAUSELESS)
    if arguments.json:
        answer = {"files": list(map(str, files)), **msgspec.to_builtins(found)}
        context.screen.json(answer)
    else:
        _print(context.screen, found)
        for path in files:
            context.screen.line(str(path))


async def _read(run: str, context: Context) -> Traced:
    async with context.client.aio.connect() as stack:
        records = await runs.of_run(stack, run)
        found = invocations(records, await stack.facts.usage(run))
    return Traced(records, found, iterations(records, found))


def select(run: str, found: Sequence[Iteration], versions: str | None) -> Sequence[Iteration]:
    """The iterations from version A to version B, of `versions` = "A:B"; without it, all.

    Raises:
        BadInput: there are none.
    """
    if not found:
        raise BadInput(
            f"run {run} has no iteration yet: nothing was updated; `faastrain follow {run}`"
        )
    if versions is None:
        return found
    first, last = _range(versions)
    selected = [one for one in found if first <= one.version < last]
    if not selected:
        known = f"{found[0].version}:{found[-1].version + 1}"
        raise BadInput(f"--versions {versions}: run {run} has the versions {known}")
    return selected


def around(found: Sequence[Iteration]) -> Sequence[Iteration]:
    """As many as are drawn, the one of median length in their middle."""
    begin = min(max(typical(found) - DRAWN // 2, 0), max(len(found) - DRAWN, 0))
    return found[begin : begin + DRAWN]


def _range(versions: str) -> tuple[int, int]:
    first, _, last = versions.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise BadInput(f"--versions {versions}: give two versions, the smaller one first, as 10:20")
    return int(first), int(last)


def _check(path: Path) -> Path:
    if path.suffix not in SUFFIXES:
        raise BadInput(
            f"{path}: give a picture the suffix .svg or .png, and a trace for Perfetto .json"
        )
    return files_.in_folder(path)


def _content(path: Path, run: str, traced: Traced, drawn: Sequence[Iteration]) -> bytes:
    if path.suffix == ".json":
        from faastraingym.cli.chrome_trace import document

        return msgspec.json.encode(document(*traced))
    if len(drawn) > MOST_DRAWN:
        raise BadInput(
            f"{path}: {len(drawn)} iterations cannot be told apart in a picture; give at most "
            f"{MOST_DRAWN} in --versions, or write a .json for https://ui.perfetto.dev"
        )
    from faastraingym.cli.trace_picture import draw

    return draw(run, drawn, traced.invocations, path.suffix[1:])


def _print(screen: Screen, found: Profile) -> None:
    kinds = [
        (
            row.kind,
            f"{row.median_ms:.2f}",
            f"{row.share:.1%}",
            f"{row.max_ms:.2f}",
            f"{row.all_replicas_ms:.2f}",
        )
        for row in found.kinds
    ]
    steps = [(r.step, f"{r.before_ms:.2f}", f"{r.function_ms:.2f}") for r in found.path]
    screen.line(
        f"{found.iterations} iterations, from version {found.first} to {found.last}: "
        f"median {found.median_ms:.2f} ms, longest {found.max_ms:.2f} ms; "
        f"overhead {found.overhead:.0%}"
    )
    screen.table(KIND_HEAD, kinds, KIND_HEAD[1:])
    if screen.is_terminal:
        from faastraingym.cli.tables import names_and_values

        explained = [(row.kind, KINDS[row.kind]) for row in found.kinds]
        screen.rich("", *names_and_values(explained), "")
    screen.table(STEP_HEAD, steps, STEP_HEAD[1:])
