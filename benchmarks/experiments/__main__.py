"""`python -m benchmarks.experiments [ROW ...]`: run the experiments that docs/results/ lacks.

One process for each core. Cut off, it loses the experiments that are in the making; the same
command goes on with them.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.__main__ import positive
from benchmarks.experiments import page, results, rows
from benchmarks.experiments.results import Outcome
from benchmarks.experiments.rows import Row
from benchmarks.processes import printed

FAILED, CUT_OFF = 1, 130  # exit codes
TELL = partial(print, flush=True)
Work = tuple[Row, str, int]  # the arm, and the sampler's seed


def main(argv: Sequence[str] | None = None) -> int:
    """Run them, write the page; 1 if one failed."""
    arguments = parser().parse_args(argv)
    chosen = [rows.named(name) for name in arguments.rows or rows.names()]
    work = [(row, arm, seed) for row in chosen for arm, seed in results.missing(row)]
    try:
        failed = asyncio.run(all_of(work, arguments.at_once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("cut off; the same command goes on", file=sys.stderr)
        return CUT_OFF
    print(page.write())
    return FAILED if failed else 0


async def all_of(
    work: Sequence[Work],
    at_once: int,
    folder: Path = results.FOLDER,
    tell: Callable[[str], None] = TELL,
) -> int:
    """Run every experiment; how many failed."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    gate = asyncio.Semaphore(at_once)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(each, gate, folder, tell)) for each in work]
    return sum(not task.result() for task in tasks)


async def one(
    work: Work, gate: asyncio.Semaphore, folder: Path, tell: Callable[[str], None]
) -> bool:
    """Run an experiment in a process of its own and keep what it came to; whether it ended well."""
    row, arm, seed = work
    words = f"{row.name}, {arm}, seed {seed}"
    async with gate:
        begun = partial(tell, f"{words}: begins")
        module = "benchmarks.experiments.compete"
        said = await printed(begun, module, str(row.file), arm, str(seed))
    if said is None:
        tell(f"{words}: failed")
        return False
    made = msgspec.json.decode(said, type=Outcome)
    results.add(row, made, folder)
    tell(f"{words}: {made.score:.1f} after {made.env_steps:,} steps, in {made.seconds:.0f} s")
    return True


def parser() -> argparse.ArgumentParser:
    """The options."""
    listing = "\n".join(f"  {name}" for name in rows.names())
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.experiments",
        description="Run the experiments of docs/experiments_results.md.",
        epilog=f"rows:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("rows", nargs="*", metavar="ROW", type=known, help="default: all")
    made.add_argument(
        "--at-once", type=positive, metavar="N", default=machine.cores() or 1, help="default: cores"
    )
    return made


def known(name: str) -> str:
    """A row's name."""
    if name not in rows.names():
        raise argparse.ArgumentTypeError(f"{name!r}; known: {', '.join(rows.names())}")
    return name


if __name__ == "__main__":
    sys.exit(main())
