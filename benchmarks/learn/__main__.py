"""`python -m benchmarks.learn [ROW ...]`: train the seeds that docs/results/ lacks, and write them.

One process for each core. Cut off, it loses the seeds that are in the making; the same command goes
on with them.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import machine, processes
from benchmarks.learn import own, page, results, rows
from benchmarks.learn.results import Seed
from benchmarks.learn.rows import Row
from benchmarks.options import chooser, positive
from benchmarks.processes import FAILED, failures, printed
from faastraingym.algorithms.environments import spaces

TELL = partial(print, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, write the page; 1 if a row could not be run."""
    arguments = parser().parse_args(argv)
    chosen = [rows.named(name) for name in arguments.names or rows.names()]
    runnable = [row for row in chosen if not told(row)]
    work = [
        (row, seed)
        for row in runnable
        for seed in results.missing(row, range(1, (arguments.seeds or row.goal.seeds) + 1))
    ]
    failed = failures(all_of(work, arguments.at_once)) if work else 0
    print(page.write())
    return FAILED if failed or len(runnable) < len(chosen) else 0


def told(row: Row) -> bool:
    """Whether a row cannot be run here, and says why."""
    problems = own.absent(row.goal.modules) or checked(row)
    for problem in problems:
        print(f"{row.name}: not run: {problem}", file=sys.stderr)
    return bool(problems)


def checked(row: Row) -> list[str]:
    """What start-run would refuse."""
    row.admit()
    return spaces.check(row.spec(1))


async def all_of(
    work: Sequence[tuple[Row, int]],
    at_once: int,
    folder: Path = results.FOLDER,
    tell: Callable[[str], None] = TELL,
) -> int:
    """Train every row's seed; how many failed."""
    jobs = [partial(one, row, seed, folder, tell) for row, seed in work]
    return await processes.all_of(jobs, at_once)


async def one(row: Row, seed: int, folder: Path, tell: Callable[[str], None]) -> bool:
    """Train a row's seed in a process of its own and keep what it came to; whether it ended well.

    Its errors are on stderr.
    """
    begun = partial(tell, f"{row.name}, seed {seed}: begins")
    said = await printed(begun, "benchmarks.learn.train_seed", str(row.file), str(seed))
    if said is None:
        tell(f"{row.name}, seed {seed}: failed")
        return False
    made = msgspec.json.decode(said, type=Seed)
    grown = results.add(row, made, folder)
    page.write(folder)
    tell(
        f"{row.name}, seed {seed}: {page.number(made.return_mean, row.goal)} in "
        f"{made.seconds:.0f} s; seeds {len(grown.seeds)}, mean {page.shown(grown)}, "
        f"goal {row.goal.goal:g}"
    )
    return True


def parser() -> argparse.ArgumentParser:
    """The options."""
    known = dict.fromkeys(rows.names(), "")
    made = chooser(
        "python -m benchmarks.learn", "Train the rows of docs/results.md.", "row", known, "ROW"
    )
    made.add_argument(
        "--seeds", type=positive, metavar="N", help="1 to N (default: as many as the row says)"
    )
    made.add_argument(
        "--at-once", type=positive, metavar="N", default=machine.cores() or 1, help="default: cores"
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
