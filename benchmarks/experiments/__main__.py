"""`python -m benchmarks.experiments [ROW ...]`: run the experiments that docs/results/ lacks.

One process for each core. Cut off, it loses the experiments that are in the making; the same
command goes on with them.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import machine, processes
from benchmarks.experiments import page, results, rows
from benchmarks.experiments.results import Outcome
from benchmarks.experiments.rows import Row
from benchmarks.options import chooser, positive
from benchmarks.processes import FAILED, failures, printed

TELL = partial(print, flush=True)
Work = tuple[Row, str, int]  # the arm, and the sampler's seed


def main(argv: Sequence[str] | None = None) -> int:
    """Run them, write the page; 1 if one failed."""
    arguments = parser().parse_args(argv)
    chosen = [rows.named(name) for name in arguments.names or rows.names()]
    work = [(row, arm, seed) for row in chosen for arm, seed in results.missing(row)]
    failed = failures(all_of(work, arguments.at_once))
    print(page.write())
    return FAILED if failed else 0


async def all_of(
    work: Sequence[Work],
    at_once: int,
    folder: Path = results.FOLDER,
    tell: Callable[[str], None] = TELL,
) -> int:
    """Run every experiment; how many failed."""
    jobs = [partial(one, each, folder, tell) for each in work]
    return await processes.all_of(jobs, at_once)


async def one(work: Work, folder: Path, tell: Callable[[str], None]) -> bool:
    """Run an experiment in a process of its own and keep what it came to; whether it ended well."""
    row, arm, seed = work
    words = f"{row.name}, {arm}, seed {seed}"
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
    known = dict.fromkeys(rows.names(), "")
    made = chooser(
        "python -m benchmarks.experiments",
        "Run the experiments of docs/experiments_results.md.",
        "row",
        known,
        "ROW",
    )
    made.add_argument(
        "--at-once", type=positive, metavar="N", default=machine.cores() or 1, help="default: cores"
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
