"""The same load again and again: the long-lived processes' memory comes to rest."""

from benchmarks.report import Row

from .rss import watching
from .runs import Bench, losses, train
from .sizes import Size, tiny

NAME = "memory"
REPETITIONS = 3
# MB that the last repetition may add. The gateway remembers 2,000 lines of each function's log.
MARGINS = {"gateway": 1.0, "queue-worker": 0.5}


async def measure(at: Bench, size: Size) -> list[Row]:
    """Resident memory after each repetition; the last one adds next to nothing."""
    after: dict[str, list[float]] = {}
    runs = []
    for again in range(REPETITIONS):
        with watching(at.stack) as seen:
            runs.append(await train(at, f"memory-{again}", tiny(size.repetition, 2)))
        for process, memory in seen.items():
            after.setdefault(process, []).append(memory.after)
    return [
        *(grown(process, held) for process, held in after.items()),
        *await losses(at, NAME, *runs),
    ]


def grown(process: str, held: list[float]) -> Row:
    """What the last repetition added."""
    return Row(
        benchmark=NAME,
        what=f"added to the {process} by repetition {len(held)}",
        unit="MB",
        samples=[held[-1] - held[-2]],
        at_most=MARGINS[process],
        note="after each: " + ", ".join(f"{mb:.1f}" for mb in held),
    )
